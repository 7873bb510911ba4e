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
        null=True, blank=True, editable=False, help_text=_("When the thread was gone from the Agent Server.")
    )

    def __str__(self) -> str:
        return str(self.thread_id)
