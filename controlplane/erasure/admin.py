"""Deletions in the back office: their receipts, and ending a user's account with everything of theirs."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.admin import CustomUserAdmin
from controlplane.accounts.callers import user_of
from controlplane.accounts.models import CustomUser
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.erasure.account.request import account_delete
from controlplane.erasure.models import DeletionReceipt
from controlplane.errors import ThreadplaneError

# The page of users as the accounts make it, with the one thing that only this app can do.
admin.site.unregister(CustomUser)


@admin.register(CustomUser)
class DeletableUserAdmin(CustomUserAdmin):
    """Users, whose accounts can be deleted with all that belongs to them."""

    actions: Sequence[Any] = (*CustomUserAdmin.actions, "delete_accounts")
    list_filter: ClassVar[tuple[Any, ...]] = (
        *CustomUserAdmin.list_filter,
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    readonly_fields: ClassVar[tuple[str, ...]] = (*CustomUserAdmin.readonly_fields, "deleted_at")

    def has_change_permission(self, request: HttpRequest, obj: CustomUser | None = None) -> bool:
        """Keep hands off tombstones."""
        if obj is not None and obj.deleted_at is not None:
            return False
        return super().has_change_permission(request, obj)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Ask for Django's own permission to delete."""
        return bool(request.user.has_perm("accounts.delete_customuser"))

    @admin.action(description=_("Delete accounts with everything of theirs"), permissions=["erase"])
    def delete_accounts(self, request: HttpRequest, users: QuerySet[CustomUser]) -> TemplateResponse | None:
        """Ask whether it is meant, then begin; accounts of staff are refused one by one."""
        if "confirmed" not in request.POST:
            return self._ask(request, users)
        begun = 0
        for user in users:
            try:
                account_delete(user_id=user.pk, actor_id=user_of(request).pk)
            except ThreadplaneError as error:
                self.message_user(request, f"{user}: {error.message}", messages.WARNING)
            else:
                begun += 1
        said = ngettext("%d account is being deleted.", "%d accounts are being deleted.", begun)
        self.message_user(request, said % begun, messages.SUCCESS)
        return None

    def _ask(self, request: HttpRequest, users: QuerySet[CustomUser]) -> TemplateResponse:
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Delete these accounts for good?"),
            "users": users,
            "opts": self.opts,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "erasure/confirm_account_deletion.html", context)


@admin.register(DeletionReceipt)
class DeletionReceiptAdmin(ShownOnlyAdmin[DeletionReceipt]):
    """What was deleted, how far it is, and how many of what were erased."""

    list_display = ("subject_id", "kind", "user", "stands", "requested_at", "erased_at", "checked_at")
    list_select_related = ("user",)
    list_filter = ("kind", "requested_at", ("checked_at", admin.EmptyFieldListFilter))
    search_fields = ("subject_id", "user__email")
    ordering = ("-requested_at",)

    @column(_("state"), colours={"erasing": "warning", "looking_again": "info", "done": "success"})
    def stands(self, receipt: DeletionReceipt) -> str:
        """Show the state in its colour."""
        return receipt.state
