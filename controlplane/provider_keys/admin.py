"""Users' own keys in the back office: whose, for what, how much used; never a key, sealed or not."""

from django.contrib import admin
from django.contrib.messages import SUCCESS, WARNING
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.provider_keys.services import keys_deactivate

# Each may take ten seconds, and a request has to end.
MOST_VALIDATED_AT_ONCE = 5


@admin.register(UserAPIKey)
class UserAPIKeyAdmin(ShownOnlyAdmin[UserAPIKey]):
    """Keys are entered and changed by their owners alone; administrators look, ask again and switch off."""

    exclude = ("encrypted_key",)
    content_fields = ("key_name", "__str__")
    list_display = (
        "key_name",
        "user",
        "provider",
        "ends",
        "state",
        "is_default",
        "usage_count",
        "total_tokens_used",
        "last_used_at",
    )
    list_select_related = ("user",)
    list_filter = ("is_active", "is_default", "is_validated", "is_unreadable", "created_at")
    search_fields = ("id", "key_name", "user__email", "provider")
    search_help_text = _("Id, name, provider or e-mail address")
    ordering = ("-created_at",)
    actions = ("validate_again", "deactivate")

    @column(_("key"), empty="-")
    def ends(self, key: UserAPIKey) -> str | None:
        """Show its first and last characters."""
        return f"{key.key_prefix}…{key.last_four}" if key.last_four else None

    @column(
        _("state"),
        colours={
            "good": "success",
            "not validated": "info",
            "inactive": "warning",
            "to be entered again": "danger",
            "refused": "danger",
            "deleted": "warning",
        },
    )
    def state(self, key: UserAPIKey) -> str:
        """Say in one word what it is good for."""
        if key.deleted_at is not None:
            return "deleted"
        if not key.is_active:
            return "inactive"
        if key.needs_reentry:
            return "to be entered again"
        if key.refused_at is not None:
            return "refused"
        return "good" if key.is_validated else "not validated"

    @admin.action(description=_("Ask the provider again"), permissions=["act"])
    def validate_again(self, request: HttpRequest, keys: QuerySet[UserAPIKey]) -> None:
        """Validate the chosen keys, a few at a time."""
        chosen = list(keys.filter(deleted_at__isnull=True)[: MOST_VALIDATED_AT_ONCE + 1])
        if len(chosen) > MOST_VALIDATED_AT_ONCE:
            self.message_user(request, _("Choose at most %d keys.") % MOST_VALIDATED_AT_ONCE, WARNING)
            return
        for key in chosen:
            result = key.validate_key()
            level = SUCCESS if result["valid"] else WARNING
            self.message_user(request, f"{key}: {result['message']}", level)

    @admin.action(description=_("Deactivate"), permissions=["act"])
    def deactivate(self, request: HttpRequest, keys: QuerySet[UserAPIKey]) -> None:
        """Switch the chosen keys off."""
        count = keys_deactivate(key_ids=list(keys.values_list("pk", flat=True)), actor_id=user_of(request).pk)
        said = ngettext("%d key was deactivated.", "%d keys were deactivated.", count)
        self.message_user(request, said % count, SUCCESS)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to change; no form changes a key."""
        return request.user.has_perm("provider_keys.change_userapikey")


@admin.register(KeyCounter)
class KeyCounterAdmin(ShownOnlyAdmin[KeyCounter]):
    """What the limits of keys are checked against."""

    content_fields = ("key",)
    list_display = ("starts_on", "period", "owner", "key", "tokens", "reserved_tokens", "resets_at")
    list_select_related = ("key__user",)
    list_filter = ("period", "starts_on")
    search_fields = ("key__user__email",)
    search_help_text = _("E-mail address")
    ordering = ("-starts_on",)

    @column(_("user"))
    def owner(self, counter: KeyCounter) -> str:
        """Show whose key it is."""
        return str(counter.key.user)
