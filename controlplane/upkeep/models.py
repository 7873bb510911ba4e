"""What upkeep remembers: where the two planes were found to differ, and how far a walk over them got."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class DriftFindingQuerySet(models.QuerySet["DriftFinding"]):
    """The words in which findings are asked for."""

    def open(self) -> Self:
        """Keep what nobody and nothing has put right yet."""
        return self.filter(resolved_at__isnull=True)


class DriftFinding(models.Model):
    """One difference between a session and its thread, from when it was first seen until it is gone."""

    class Kind(models.TextChoices):
        """What differs."""

        THREAD_MISSING = "thread_missing", _("a session has no thread")
        OWNER_DIFFERS = "owner_differs", _("session and thread have different owners")
        METADATA_DIFFERS = "metadata_differs", _("the thread's metadata is wrong")
        STATUS_STALE = "status_stale", _("one plane takes a run for live, the other does not")
        THREAD_UNKNOWN = "thread_unknown", _("a thread has no session")
        THREAD_DELETED = "thread_deleted", _("a deleted thread is there")

    class Resolution(models.TextChoices):
        """How it ended."""

        REPAIRED = "repaired", _("repaired")
        ADOPTED = "adopted", _("a session was made for it")
        GONE = "gone", _("not found any more")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=Kind, editable=False)
    # No foreign key: often enough there is no such session.
    thread_id = models.UUIDField(editable=False, help_text=_("The session's id as well."))
    details = models.JSONField(default=dict, editable=False, help_text=_("Ids and states, no content."))
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    resolution = models.CharField(max_length=10, choices=Resolution, blank=True, editable=False)

    objects: ClassVar[DriftFindingQuerySet] = DriftFindingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["-first_seen_at", "-id"], name="upkeep_finding_newest"),
            models.Index(
                fields=["last_seen_at"], name="upkeep_finding_open", condition=Q(resolved_at__isnull=True)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "thread_id"],
                name="upkeep_finding_open_once",
                condition=Q(resolved_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.thread_id}"


class Bookmark(models.Model):
    """How far a walk got that is too long for one job; a walk that was finished has none."""

    walk = models.CharField(primary_key=True, max_length=50, editable=False)
    position = models.JSONField(editable=False)
    started_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return self.walk
