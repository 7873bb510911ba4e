"""What the API itself remembers: which creation belongs to which idempotency key."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class IdempotentCreation(models.Model):
    """One creation under a caller's key; a repeat finds the object in place of making another."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", editable=False
    )
    key = models.CharField(max_length=200, editable=False)
    operation = models.CharField(max_length=200, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False, help_text=_("Hash of what was asked for."))
    object_id = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "key"], name="api_idempotent_key"),)
        indexes = (models.Index(fields=["created_at"], name="api_idempotent_age"),)

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
