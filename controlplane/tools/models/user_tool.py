"""A user's tools: chosen, configured, counted."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.errors import LimitReached
from controlplane.tools.models.available_tool import AvailableTool, require_tool_name
from controlplane.tools.rate_limits import Period, RateLimit, Window

FIGURES = ("usage_count", "last_used_at", "window_started_at", "window_count", "previous_window_count")


class UserToolQuerySet(models.QuerySet["UserTool"]):
    """The words in which users' tools are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep one user's tools."""
        return self.filter(user_id=user_id)

    def chosen(self) -> Self:
        """Keep those that somebody decided about; the others only count what was used by default."""
        return self.filter(follows_default=False)

    def create(self, **fields: Any) -> "UserTool":
        """Create one, tied to the catalogue where it has a tool of that name."""
        if not {"available_tool", "available_tool_id"} & fields.keys():
            fields["available_tool"] = AvailableTool.objects.filter(tool_name=fields.get("tool_name")).first()
        return super().create(**fields)


class UserTool(models.Model):
    """What one user made of one tool, and how often they used it.

    A row that `follows_default` holds counts alone: the user uses the tool and has not chosen.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tools")
    tool_name = models.CharField(max_length=64, validators=[require_tool_name])
    available_tool = models.ForeignKey(
        AvailableTool,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="user_tools",
    )
    tool_display_name = models.CharField(max_length=200, blank=True)
    is_enabled = models.BooleanField(default=True)
    follows_default = models.BooleanField(default=False, editable=False)
    configuration = models.JSONField(default=dict, blank=True, help_text=_("Without its secrets."))
    sealed_secrets = models.TextField(blank=True, editable=False)
    secrets_key_version = models.CharField(max_length=12, blank=True, editable=False)
    secret_names = models.JSONField(default=list, blank=True, editable=False)
    usage_count = models.PositiveBigIntegerField(default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    rate_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: as the catalogue says."),
    )
    rate_limit_period = models.CharField(max_length=6, choices=Period, default=Period.HOUR)
    window_started_at = models.DateTimeField(null=True, editable=False)
    window_count = models.BigIntegerField(default=0, editable=False)
    previous_window_count = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[UserToolQuerySet] = UserToolQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "tool_name"], name="tools_one_per_user"),
            models.CheckConstraint(
                condition=models.Q(rate_limit__isnull=True) | models.Q(rate_limit__gte=1),
                name="tools_limit_positive",
            ),
        )
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="tools_of_user"),
            models.Index(fields=["tool_name"], name="tools_by_name"),
            models.Index(
                fields=["secrets_key_version"],
                name="tools_sealed_with",
                condition=~models.Q(sealed_secrets=""),
            ),
        )

    def __str__(self) -> str:
        return self.tool_display_name or self.tool_name

    @property
    def effective_rate_limit(self) -> RateLimit | None:
        """The user's own limit, or the catalogue's; None is no limit."""
        if self.rate_limit is not None:
            return RateLimit(uses=self.rate_limit, period=Period(self.rate_limit_period))
        return self.available_tool.rate_limit if self.available_tool is not None else None

    def check_rate_limit(self) -> dict[str, Any]:
        """Look whether one more use fits now; counts nothing.

        Returns `allowed`, `reason` (a sentence, or None), `limit`, `period`, `used`, `remaining` and
        `resets_at`, when one more fits again. The last is None while one fits; without a limit all are but
        `allowed` and `used`.
        """
        limit = self.effective_rate_limit
        window = self._window()
        counts = window.counts_of(self.window_started_at, self.window_count, self.previous_window_count)
        used = window.used(*counts)
        if limit is None:
            nothing = dict.fromkeys(("reason", "limit", "period", "remaining", "resets_at"))
            return {"allowed": True, "used": used, **nothing}
        is_allowed = used < limit.uses
        return {
            "allowed": is_allowed,
            "reason": None if is_allowed else f"{self} may be used {limit.uses} times per {limit.period}.",
            "limit": limit.uses,
            "period": limit.period.value,
            "used": used,
            "remaining": max(limit.uses - used, 0),
            "resets_at": None if is_allowed else window.opens_at(*counts, limit=limit.uses),
        }

    def increment_usage(self) -> None:
        """Count one use, whatever the limit; atomic, and the figures here are up to date afterwards."""
        self._count(UserTool.objects.filter(pk=self.pk), self._window())

    def consume(self) -> None:
        """Count one use if it fits, by one conditional UPDATE. Raises LimitReached.

        It joins the caller's transaction, and the row stays locked until its end: take it last.
        """
        limit, window = self.effective_rate_limit, self._window()
        mine = UserTool.objects.filter(pk=self.pk)
        if limit is not None:
            mine = mine.alias(overdraft=window.overdraft(limit.uses)).filter(overdraft__lte=0)
        if not self._count(mine, window):
            raise self._refusal()

    def _window(self) -> Window:
        limit = self.effective_rate_limit
        return Window.at(timezone.now(), limit.period if limit else Period.HOUR)

    def _count(self, rows: UserToolQuerySet, window: Window) -> int:
        counted = rows.update(
            usage_count=models.F("usage_count") + 1, last_used_at=window.moment, **window.one_more()
        )
        self.refresh_from_db(fields=FIGURES)
        return counted

    def _refusal(self) -> LimitReached:
        # Room may have come back since; the refusal stands, and the figures are those of now.
        seen = self.check_rate_limit()
        return LimitReached(
            seen["reason"] or f"{self} was used too often.",
            limit=seen["limit"],
            used=seen["used"],
            remaining=0,
            resets_at=seen["resets_at"] or timezone.now(),
        )
