"""The ledger in the back office: calls for looking only, prices to be added."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin, ShownOnlyAdmin
from controlplane.usage import figures, services
from controlplane.usage.counters_admin import dollars
from controlplane.usage.models import ModelPrice, TokenUsage
from controlplane.usage.report_page import report

figures.register()


@admin.register(TokenUsage)
class TokenUsageAdmin(ShownOnlyAdmin[TokenUsage]):
    """One row per model call."""

    # A session is named by its title.
    content_fields = ("chat_session", "provider_key")
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
    list_filter = ("state", "outcome", "request_type", "is_estimated", "is_priced", "created_at")
    search_fields = ("id", "run__id", "user__email", "model_name")
    search_help_text = _("Attempt or run id, e-mail address or model")
    # No column's values and no dates are asked of the whole table, which only grows.
    ordering = ("-created_at", "-id")

    def get_urls(self) -> list[URLPattern]:
        """Add the report, before what takes any word for a row's key."""
        own = path("report/", self.admin_site.admin_view(report), name="usage_tokenusage_report")
        return [own, *super().get_urls()]

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
        return dollars(usage.total_cost)

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


@admin.register(ModelPrice)
class ModelPriceAdmin(LargeTableAdmin[ModelPrice]):
    """A price that has begun stays for good: another one is added. One that has not can be taken back."""

    list_display = (
        "model_name",
        "provider",
        "input_mtok",
        "cached_input_mtok",
        "output_mtok",
        "valid_from",
        "stage",
    )
    list_filter = ("valid_from",)
    search_fields = ("model_name", "provider")
    search_help_text = _("Model or provider")
    ordering = ("-valid_from",)
    fields = (
        "model_name",
        "provider",
        ("input_mtok", "cached_input_mtok", "output_mtok"),
        "valid_from",
    )

    @column(_("stage"), colours={"begun": "success", "coming": "info"})
    def stage(self, price: ModelPrice) -> str:
        """Say whether it has begun; a later row of the model may have taken its place."""
        return "begun" if price.valid_from <= timezone.now() else "coming"

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # Django passes it
        """Write through the service; nothing is ever changed here."""
        obj.pk = services.price_add(actor_id=user_of(request).pk, **form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: ModelPrice) -> None:
        """Take one back."""
        services.prices_withdraw(price_ids=[obj.pk], actor_id=user_of(request).pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelPrice]) -> None:
        """Take the chosen ones back; those that have begun stay."""
        chosen = list(queryset.values_list("pk", flat=True))
        services.prices_withdraw(price_ids=chosen, actor_id=user_of(request).pk)

    def has_change_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """Keep what has begun."""
        is_kept = obj is not None and obj.valid_from <= timezone.now()
        return bool(super().has_delete_permission(request, obj)) and not is_kept


def _tokens(count: int, *, is_estimated: bool) -> str:
    return f"≈ {count:,}" if is_estimated else f"{count:,}"
