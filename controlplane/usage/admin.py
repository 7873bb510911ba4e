"""The ledger in the back office, for looking only."""

from decimal import Decimal

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.usage.models import DailyCounter, TokenUsage


@admin.register(TokenUsage)
class TokenUsageAdmin(ShownOnlyAdmin[TokenUsage]):
    """One row per model call."""

    # A session is named by its title.
    content_fields = ("chat_session",)
    list_display = (
        "created_at",
        "user",
        "model_name",
        "purpose",
        "read",
        "written",
        "cost",
        "ended",
    )
    list_select_related = ("user",)
    list_filter = ("state", "outcome", "request_type", "provider", "is_estimated", "is_priced")
    search_fields = ("id", "run__id", "user__email", "model_name")
    search_help_text = _("Attempt or run id, e-mail address or model")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    @column(_("for"), ordering="request_type", is_label=True)
    def purpose(self, usage: TokenUsage) -> str:
        """Show what the call was for, in words."""
        return usage.get_request_type_display()

    @column(_("tokens in"), ordering="prompt_tokens")
    def read(self, usage: TokenUsage) -> str:
        """Show grouped digits; the sign for "about" marks an estimate."""
        return _tokens(usage.prompt_tokens, is_estimated=usage.is_estimated)

    @column(_("tokens out"), ordering="completion_tokens")
    def written(self, usage: TokenUsage) -> str:
        """Show grouped digits; the sign for "about" marks an estimate."""
        return _tokens(usage.completion_tokens, is_estimated=usage.is_estimated)

    @column(_("cost"), ordering="total_cost")
    def cost(self, usage: TokenUsage) -> str:
        """Show dollars, or that no price is known."""
        return _dollars(usage.total_cost)

    @column(
        _("outcome"),
        ordering="outcome",
        colours={
            "pending": "info",
            "finished": "success",
            "failed": "danger",
            "cancelled": "warning",
            "unknown": "warning",
        },
    )
    def ended(self, usage: TokenUsage) -> str:
        """Say how the call ended; a pending one has not been settled yet."""
        return usage.state if usage.state == TokenUsage.State.PENDING else usage.outcome


@admin.register(DailyCounter)
class DailyCounterAdmin(ShownOnlyAdmin[DailyCounter]):
    """What limits are checked against."""

    list_display = ("day", "user", "messages", "tokens", "reserved_tokens", "spent", "reserved", "resets_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    date_hierarchy = "day"
    ordering = ("-day",)

    @column(_("cost"), ordering="cost")
    def spent(self, counter: DailyCounter) -> str:
        """Show dollars."""
        return _dollars(counter.cost)

    @column(_("reserved cost"), ordering="reserved_cost")
    def reserved(self, counter: DailyCounter) -> str:
        """Show dollars."""
        return _dollars(counter.reserved_cost)


def _dollars(amount: Decimal | None) -> str:
    return str(_("no price")) if amount is None else f"${amount:.6f}"


def _tokens(count: int, *, is_estimated: bool) -> str:
    return f"≈ {count:,}" if is_estimated else f"{count:,}"
