"""Invitations: who may make an account where not everybody may."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """The words in which invitations are asked for."""

    def open(self) -> Self:
        """Keep those that can still be accepted."""
        return self.filter(accepted_at__isnull=True, expires_at__gt=Now())


class Invitation(models.Model):
    """Lets one address sign up once; of the token only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="accounts_invitation_recent"),
            models.Index(Lower("email"), name="accounts_invitation_email"),
        )

    def __str__(self) -> str:
        return self.email

    @property
    def state(self) -> str:
        """Say in one word where it stands."""
        if self.accepted_at is not None:
            return "accepted"
        return "expired" if self.expires_at <= timezone.now() else "open"
