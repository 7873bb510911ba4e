"""Accounts in the back office: e-mail based forms, and ending a user's sessions everywhere."""

from collections.abc import Sequence
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.forms import (  # type: ignore[import-untyped]  # ships no types
    AdminPasswordChangeForm,
    UserChangeForm,
    UserCreationForm,
)

from controlplane.accounts.callers import user_of
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser, Invitation, PersonalAccessToken
from controlplane.accounts.personal_tokens import personal_token_revoke
from controlplane.accounts.rights import rights_note, rights_of_group, rights_of_user
from controlplane.accounts.services import user_deactivate, user_sign_out_by_other, user_sign_out_everywhere
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ModelAdmin, ShownOnlyAdmin

STATES = {
    "active": "success",
    "open": "info",
    "accepted": "success",
    "expired": "warning",
    "revoked": "danger",
    "signed out": "danger",
}

# These pages would show refresh tokens as they are, secrets of second factors and of providers; and a
# confirmed address or a factor that is set by hand would be worth nothing.
for _model in (
    OutstandingToken,
    BlacklistedToken,
    EmailAddress,
    Authenticator,
    SocialAccount,
    SocialApp,
    SocialToken,
):
    admin.site.unregister(_model)
admin.site.unregister(Group)
admin.site.login_template = "accounts/back_office_sign_in.html"


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Permissions by group, in the back office's look; every change of them is recorded."""

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:  # noqa: FBT001  # Django passes it
        """Take down first what was."""
        form.rights_before = rights_of_group(obj.pk)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  # as above
        """Record the change once all of it is there, in the transaction of the form."""
        super().save_related(request, form, formsets, change)
        after = rights_of_group(form.instance.pk)
        rights_note(form.instance, form.rights_before, after, actor_id=user_of(request).pk)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete it, recorded."""
        with transaction.atomic():
            rights_note(obj, rights_of_group(obj.pk), {}, actor_id=user_of(request).pk)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """Delete the chosen ones, each recorded."""
        with transaction.atomic():
            for group in queryset:
                self.delete_model(request, group)


@admin.register(CustomUser)
class CustomUserAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # generic for type checkers only
    """Users are deactivated, never deleted: their usage stays, and their threads live elsewhere."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "full_name", "active", "staff", "date_joined", "last_login")
    list_filter: ClassVar[tuple[Any, ...]] = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    date_hierarchy = "date_joined"
    show_full_result_count = False
    # Permissions are given by group: a list of eighty boxes per user is nobody's overview.
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "sign_in",
        "id",
        "token_version",
        "last_login",
        "date_joined",
    )
    actions: Sequence[Any] = ("sign_out_everywhere", "deactivate")
    fieldsets = (
        (None, {"fields": ("email", "sign_in", ("first_name", "last_name"))}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Record"), {"fields": ("id", "token_version", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: CustomUser | None = None) -> tuple[str, ...]:
        """Let superusers alone make superusers: every other role would make itself one."""
        shown = tuple(super().get_readonly_fields(request, obj))
        return shown if request.user.is_superuser else (*shown, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: CustomUser | None = None) -> bool:
        """Keep others' hands off superusers, whose password would give their rights away."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    @column(_("password"))
    def sign_in(self, user: CustomUser) -> str:
        """Say whether there is a password and lead to its form; nothing of its hash is shown."""
        state = _("Set") if user.has_usable_password() else _("None: cannot sign in by password")
        return format_html(
            '{} · <a href="../password/" class="text-primary-600 dark:text-primary-500">{}</a>',
            state,
            _("change"),
        )

    @column(_("name"))
    def full_name(self, user: CustomUser) -> str:
        """Show first and last name in one column."""
        return user.get_full_name()

    @column(_("active"), is_mark=True, ordering="is_active")
    def active(self, user: CustomUser) -> bool:
        """Show a short heading for a long field name."""
        return user.is_active

    @column(_("staff"), is_mark=True, ordering="is_staff")
    def staff(self, user: CustomUser) -> bool:
        """Show a short heading for a long field name."""
        return user.is_staff

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, users: QuerySet[CustomUser]) -> None:
        """Refuse every token and session that the chosen users hold."""
        actor_id = user_of(request).pk
        chosen = self._within_reach(request, users)
        count = sum(user_sign_out_by_other(user_id=user.pk, actor_id=actor_id) for user in chosen)
        said = ngettext("%d user was signed out everywhere.", "%d users were signed out everywhere.", count)
        self.message_user(request, said % count, messages.SUCCESS)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[CustomUser]) -> None:
        """Switch the chosen users off; oneself is left out."""
        others = [user for user in self._within_reach(request, users) if user != request.user]
        for user in others:
            user_deactivate(user_id=user.pk, actor_id=user_of(request).pk)
        count = len(others)
        said = ngettext("%d user was deactivated.", "%d users were deactivated.", count)
        self.message_user(request, said % count, messages.SUCCESS)

    def _within_reach(self, request: HttpRequest, users: QuerySet[CustomUser]) -> list[CustomUser]:
        return [user for user in users if self.has_change_permission(request, user)]

    def save_model(
        self,
        request: HttpRequest,
        obj: CustomUser,
        form: "ModelForm[CustomUser]",
        change: bool,  # noqa: FBT001
    ) -> None:
        """Save; whoever is switched off by the form is signed out as by the action."""
        form.rights_before = rights_of_user(obj.pk)  # type: ignore[attr-defined]  # kept for `save_related`
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            user_sign_out_everywhere(user_id=obj.pk)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  # Django passes it
        """Record the change once all of it is there, in the transaction of the form."""
        super().save_related(request, form, formsets, change)
        after = rights_of_user(form.instance.pk)
        rights_note(form.instance, form.rights_before, after, actor_id=user_of(request).pk)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002  # Django's signature
        """Record that it was changed, with the change."""
        with transaction.atomic():
            user = self.get_object(request, id)
            before = rights_of_user(user.pk) if user is not None else {}
            answer = super().user_change_password(request, id, form_url)
            if user is not None:
                rights_note(user, before, rights_of_user(user.pk), actor_id=user_of(request).pk)
        return answer

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002  # Django passes them
        """Nobody may."""
        return False


@admin.register(PersonalAccessToken)
class PersonalAccessTokenAdmin(ShownOnlyAdmin[PersonalAccessToken]):
    """Scripts' tokens: who has them, what they may do, when they were used; never what they are."""

    content_fields = ("name", "__str__")
    exclude = ("digest",)
    list_display = ("prefix", "user", "name", "may", "stands", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = (
        "created_at",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("user__email", "prefix", "name")
    ordering = ("-created_at",)
    actions = ("revoke",)

    @column(_("scopes"))
    def may(self, token: PersonalAccessToken) -> str:
        """Show the scopes in one line."""
        return ", ".join(token.scopes)

    @column(_("state"), colours=STATES)
    def stands(self, token: PersonalAccessToken) -> str:
        """Show the state in its colour."""
        return token.state

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[PersonalAccessToken]) -> None:
        """End the chosen tokens."""
        chosen = list(tokens.unrevoked())  # type: ignore[attr-defined]  # the table's own words
        for token in chosen:
            personal_token_revoke(token_id=token.pk, owner_id=token.user_id, actor_id=user_of(request).pk)
        said = ngettext("%d token was revoked.", "%d tokens were revoked.", len(chosen))
        self.message_user(request, said % len(chosen), messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Ask for Django's own permission to change."""
        return bool(request.user.has_perm("accounts.change_personalaccesstoken"))


class InvitationForm(ModelForm):  # type: ignore[type-arg]  # generic for type checkers only
    """Asks for an address that has no account yet."""

    def clean_email(self) -> str:
        """Refuse the address of an account."""
        email: str = self.cleaned_data["email"]
        if CustomUser.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("A user with this e-mail address exists already."))
        return email


@admin.register(Invitation)
class InvitationAdmin(ShownOnlyAdmin[Invitation]):
    """Invitations are made and sent here; each ends by itself."""

    form = InvitationForm
    exclude = ("digest",)
    list_display = ("email", "stands", "invited_by", "created_at", "expires_at", "accepted_at")
    list_select_related = ("invited_by",)
    list_filter = ("created_at", ("accepted_at", admin.EmptyFieldListFilter))
    search_fields = ("email", "invited_by__email")
    ordering = ("-created_at",)

    @column(_("state"), colours=STATES)
    def stands(self, invitation: Invitation) -> str:
        """Show the state in its colour."""
        return invitation.state

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask for Django's own permission."""
        return bool(request.user.has_perm("accounts.add_invitation"))

    def get_readonly_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Sequence[str]:
        """Ask for the address of a new one; nothing of one that was made can be changed."""
        return () if obj is None else super().get_readonly_fields(request, obj)

    def save_model(
        self,
        request: HttpRequest,
        obj: Invitation,
        form: "ModelForm[Invitation]",  # noqa: ARG002  # Django's signature
        change: bool,  # noqa: ARG002, FBT001  # as above
    ) -> None:
        """Invite by the service, which sends the mail."""
        made, _token = invitation_create(email=obj.email, invited_by=user_of(request).pk)
        obj.pk = made.pk
