"""Sign-ins: one per device and signing in; every refresh token that follows from one belongs to it."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SignInQuerySet(models.QuerySet["SignIn"]):
    """The words in which sign-ins are asked for."""

    def living(self) -> Self:
        """Keep those whose tokens still let somebody in."""
        return self.filter(ended_at__isnull=True)

    def over(self) -> Self:
        """Keep those whose last token has expired, ended early or not."""
        return self.filter(expires_at__lt=Now())


class SignIn(models.Model):
    """The family of tokens of one sign-in: ending it ends them all, and those of no other device."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(editable=False, help_text="The end of its newest refresh token.")
    ended_at = models.DateTimeField(
        null=True, editable=False, help_text="When a spent token was shown again."
    )

    objects: ClassVar[SignInQuerySet] = SignInQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (models.Index(fields=["expires_at"], name="accounts_sign_in_expiry"),)

    def __str__(self) -> str:
        return str(self.id)
