"""The mirror of the Agent Server's runs: one row per admitted run."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class RunQuerySet(models.QuerySet["Run"]):
    """The words in which runs are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep the runs of one user."""
        return self.filter(user_id=user_id)

    def unsettled(self) -> Self:
        """Keep the runs whose usage has not been settled yet."""
        return self.filter(settled_at__isnull=True)


class Run(models.Model):
    """A run that was admitted. Provisional until the Agent Server is seen to have it."""

    class Status(models.TextChoices):
        """LangGraph's own words, and two of ours: `provisional` and `withdrawn`."""

        PROVISIONAL = "provisional", _("provisional")
        PENDING = "pending", _("pending")
        RUNNING = "running", _("running")
        SUCCESS = "success", _("success")
        ERROR = "error", _("error")
        TIMEOUT = "timeout", _("timeout")
        INTERRUPTED = "interrupted", _("interrupted")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="runs", editable=False
    )
    session = models.ForeignKey(
        "chat.ChatSession", null=True, on_delete=models.SET_NULL, related_name="runs", editable=False
    )
    thread_id = models.UUIDField(null=True, editable=False)
    graph_id = models.CharField(max_length=100, editable=False)
    model_name = models.CharField(max_length=200, editable=False)
    provider_key = models.ForeignKey(
        "provider_keys.UserAPIKey",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
        db_index=False,
        editable=False,
        help_text=_("The user's own key, chosen at its admission. Empty: the house's."),
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PROVISIONAL, editable=False)
    message_counted_on = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text=_(
            "The day on whose limit its message was counted; empty for a run that is no new message."
        ),
    )
    error_code = models.CharField(max_length=100, blank=True, editable=False)
    admitted_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[RunQuerySet] = RunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["session", "-admitted_at"], name="runs_run_of_session"),
            models.Index(fields=["user", "-admitted_at"], name="runs_run_of_user"),
            models.Index(fields=["thread_id"], name="runs_run_of_thread"),
            models.Index(fields=["admitted_at"], include=["status", "user"], name="runs_run_by_time"),
            models.Index(
                fields=["provider_key"],
                name="runs_run_of_provider_key",
                condition=models.Q(provider_key__isnull=False),
            ),
            models.Index(
                fields=["admitted_at"], name="runs_run_unsettled", condition=models.Q(settled_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        """Whether calls may still be made for it: the end has been neither seen nor presumed."""
        return self.ended_at is None and self.settled_at is None
