"""The record of tool calls: who used what, when and with what outcome; never with which words."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ToolCall(models.Model):
    """One call of a tool, permitted or refused; its key is the attempt id that the graph made for it."""

    class Outcome(models.TextChoices):
        """Pending from the permit on; `unknown` when its run was settled without a word of its end.

        What was `refused` was not run and counts as no use.
        """

        PENDING = "pending", _("pending")
        FINISHED = "finished", _("finished")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        UNKNOWN = "unknown", _("unknown")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="tool_calls"
    )
    # The record outlives what was said, as the bill does.
    session = models.ForeignKey(
        "chat.ChatSession", null=True, on_delete=models.SET_NULL, related_name="tool_calls"
    )
    run = models.ForeignKey("runs.Run", on_delete=models.PROTECT, related_name="tool_calls")
    tool_name = models.CharField(max_length=64)
    tool_call_id = models.CharField(
        max_length=200, help_text=_("As the model's server named it; some repeat names within a run.")
    )
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="tools_call_recent"),
            models.Index(fields=["user", "-created_at"], name="tools_call_of_user"),
            models.Index(fields=["run"], name="tools_call_pending", condition=models.Q(outcome="pending")),
        )

    def __str__(self) -> str:
        return f"{self.tool_name} ({self.outcome})"
