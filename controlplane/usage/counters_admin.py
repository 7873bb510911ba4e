"""Counters and grants in the back office: counters may be set free again, grants added, neither changed."""

from decimal import Decimal
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin, ShownOnlyAdmin
from controlplane.errors import Conflict, Invalid
from controlplane.usage.grants import usage_grant, usage_reset
from controlplane.usage.limits import Amount, Term
from controlplane.usage.models import DailyCounter, MonthlyCounter, UsageCounter, UsageGrant

Counted = TypeVar("Counted", bound=UsageCounter)


def dollars(amount: Decimal | None) -> str:
    """Show money, or that no price is known."""
    return str(_("no price")) if amount is None else f"${amount:.6f}"


class CounterAdmin(ShownOnlyAdmin[Counted]):
    """What limits are checked against."""

    list_select_related = ("user",)
    search_fields = ("user__email",)
    actions = ("reset",)

    @column(_("cost"), ordering="cost")
    def spent(self, counter: Counted) -> str:
        """Show dollars."""
        return dollars(counter.cost)

    @column(_("reserved cost"), ordering="reserved_cost")
    def reserved(self, counter: Counted) -> str:
        """Show dollars."""
        return dollars(counter.reserved_cost)

    @column(_("granted"), empty="-")
    def added(self, counter: Counted) -> str | None:
        """Show what was granted in one column: few counters have any of it."""
        granted = counter.granted
        said = (
            f"{granted.messages:,} messages" if granted.messages else "",
            f"{granted.tokens:,} tokens" if granted.tokens else "",
            dollars(granted.cost) if granted.cost else "",
        )
        return ", ".join(filter(None, said)) or None

    @admin.action(description=_("Set the limits free again"), permissions=["reset"])
    def reset(self, request: HttpRequest, counters: "QuerySet[Any]") -> None:
        """Reset the chosen ones that still count; a day or month that is over is left alone."""
        count = 0
        for counter in counters.filter(resets_at__gt=timezone.now()):
            try:
                usage_reset(user_id=counter.user_id, term=counter.term, actor_id=user_of(request).pk)
            except Conflict:
                continue
            count += 1
        said = ngettext("%d counter was reset.", "%d counters were reset.", count)
        self.message_user(request, said % count, messages.SUCCESS)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        """Let those reset who may grant."""
        return request.user.has_perm("usage.add_usagegrant")


@admin.register(DailyCounter)
class DailyCounterAdmin(CounterAdmin[DailyCounter]):
    """Days."""

    list_display = ("day", "user", "messages", "tokens", "reserved_tokens", "spent", "reserved", "added")
    list_filter = ("day",)
    ordering = ("-day",)


@admin.register(MonthlyCounter)
class MonthlyCounterAdmin(CounterAdmin[MonthlyCounter]):
    """Months."""

    list_display = ("month", "user", "messages", "tokens", "reserved_tokens", "spent", "reserved", "added")
    list_filter = ("month",)
    ordering = ("-month", "-id")


class GrantForm(ModelForm):  # type: ignore[type-arg]  # generic for type checkers only
    """Refuses a grant of nothing beside the fields."""

    def clean(self) -> dict[str, Any]:
        """Ask for at least one amount."""
        given = super().clean() or {}
        if not self.errors and not any(given.get(name) for name in ("messages", "tokens", "cost")):
            self.add_error("messages", _("Messages, tokens or cost above 0."))
        return given


@admin.register(UsageGrant)
class UsageGrantAdmin(LargeTableAdmin[UsageGrant]):
    """What was added to users' limits, and by whom; what is added here holds for the present day or month."""

    form = GrantForm
    list_display = ("created_at", "user", "kind", "term", "starts_on", "messages", "tokens", "dollars")
    list_select_related = ("user",)
    list_filter = ("kind", "term", "created_at")
    search_fields = ("user__email", "user__id", "granted_by_id")
    search_help_text = _("E-mail address or id of the user, or id of the administrator")
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("user",)
    fields = ("user", "term", ("messages", "tokens", "cost"))

    @column(_("cost"), ordering="cost")
    def dollars(self, grant: UsageGrant) -> str:
        """Show dollars."""
        return dollars(grant.cost)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Tell what the service refuses, which depends on what the counter holds already."""
        try:
            added: HttpResponseBase = super().add_view(request, form_url, extra_context)
        except Invalid as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return redirect(reverse("admin:usage_usagegrant_changelist"))
        return added

    def save_model(
        self,
        request: HttpRequest,
        obj: UsageGrant,
        form: "ModelForm[UsageGrant]",
        change: bool,  # noqa: ARG002, FBT001  # Django passes it
    ) -> None:
        """Write through the service."""
        given = form.cleaned_data
        amount = Amount(messages=given["messages"], tokens=given["tokens"], cost=given["cost"])
        grant = usage_grant(
            user_id=given["user"].pk, term=Term(given["term"]), amount=amount, actor_id=user_of(request).pk
        )
        obj.pk, obj.starts_on = grant.pk, grant.starts_on

    def has_change_permission(self, request: HttpRequest, obj: UsageGrant | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UsageGrant | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may."""
        return False
