"""Accounts in the back office: e-mail based forms, and ending a user's sessions everywhere."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.forms import (  # type: ignore[import-untyped]  # ships no types
    AdminPasswordChangeForm,
    UserChangeForm,
    UserCreationForm,
)

from controlplane.accounts.models import CustomUser
from controlplane.accounts.services import user_deactivate, user_sign_out_everywhere
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ModelAdmin

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


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Permissions by group, in the back office's look."""


@admin.register(CustomUser)
class CustomUserAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # generic for type checkers only
    """Users are deactivated, never deleted: their usage stays, and their threads live elsewhere."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "full_name", "active", "staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    date_hierarchy = "date_joined"
    show_full_result_count = False
    # Permissions are given by group: a list of eighty boxes per user is nobody's overview.
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields = ("sign_in", "id", "token_version", "last_login", "date_joined")
    actions = ("sign_out_everywhere", "deactivate")
    fieldsets = (
        (None, {"fields": ("email", "sign_in", ("first_name", "last_name"))}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Record"), {"fields": ("id", "token_version", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

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
        count = sum(user_sign_out_everywhere(user_id=user.pk) for user in users)
        said = ngettext("%d user was signed out everywhere.", "%d users were signed out everywhere.", count)
        self.message_user(request, said % count, messages.SUCCESS)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[CustomUser]) -> None:
        """Switch the chosen users off; oneself is left out."""
        others = [user for user in users if user != request.user]
        for user in others:
            user_deactivate(user_id=user.pk)
        count = len(others)
        said = ngettext("%d user was deactivated.", "%d users were deactivated.", count)
        self.message_user(request, said % count, messages.SUCCESS)

    def save_model(
        self,
        request: HttpRequest,
        obj: CustomUser,
        form: "ModelForm[CustomUser]",
        change: bool,  # noqa: FBT001
    ) -> None:
        """Save; whoever is switched off by the form is signed out as by the action."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            user_deactivate(user_id=obj.pk)

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002  # Django passes them
        """Nobody may."""
        return False
