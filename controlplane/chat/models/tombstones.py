"""Tombstones: a deleted thread's id never comes back."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class DeletedThread(models.Model):
    """A tombstone: a thread id that was deleted and can never be used again."""

    thread_id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    deleted_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When all of it was gone, as far as was seen.")
    )
    checked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When a later look found nothing more.")
    )

    class Meta:
        indexes = (
            models.Index(
                fields=["deleted_at"], name="chat_tombstone_open", condition=models.Q(checked_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return str(self.thread_id)
