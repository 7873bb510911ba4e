"""Personal access tokens: what scripts name themselves by, kept as a hash."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token may be used for."""

    READ = "read", _("read")
    WRITE = "write", _("write")
    AGENT = "agent", _("mint tokens for the Agent Server")


class PersonalAccessTokenQuerySet(models.QuerySet["PersonalAccessToken"]):
    """The words in which tokens are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep the tokens of one user; another user's token is not found."""
        return self.filter(user_id=user_id)

    def unrevoked(self) -> Self:
        """Leave out tokens that were revoked one by one."""
        return self.filter(revoked_at__isnull=True)

    def living(self) -> Self:
        """Keep what lets somebody in now: unrevoked, unexpired, and no older than the last sign-out."""
        return self.unrevoked().filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=Now()),
            user__is_active=True,
            version__gte=F("user__token_version"),
        )


class PersonalAccessToken(models.Model):
    """One token; of its secret only the hash and the first characters are known."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="personal_access_tokens",
        editable=False,
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, editable=False, help_text=_("How the secret begins."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices), editable=False)
    version = models.PositiveIntegerField(editable=False, help_text=_("The user's token version then."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[PersonalAccessTokenQuerySet] = PersonalAccessTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (models.Index(fields=["user", "-created_at", "-id"], name="accounts_pat_recent"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """Say in one word whether it still lets anybody in."""
        if self.revoked_at is not None:
            return "revoked"
        if self.version < self.user.token_version or not self.user.is_active:
            return "signed out"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active"
