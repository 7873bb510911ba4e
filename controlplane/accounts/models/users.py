"""The user: known by e-mail, keyed by UUID, signed out everywhere by one number."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest, Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class RisingField(models.PositiveIntegerField):  # type: ignore[type-arg]  # generic for type checkers only
    """A number that no write lowers: an object read before it was raised does not bring tokens back."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001  # Django's signature
        """Write the greater of what the object says and what is there."""
        value = super().pre_save(model_instance, add)
        return value if add else Greatest(F(self.attname), Value(value))


class CustomUserManager(BaseUserManager["CustomUser"]):
    """Creates users by e-mail; there is no user name."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "CustomUser":
        """Create a user; without a password they cannot sign in by password.

        Raises ValueError for an empty e-mail, IntegrityError for one that is taken (case does not matter).
        """
        if not email:
            raise ValueError("an e-mail address is required")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "CustomUser":
        """Create an administrator with every permission."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "CustomUser":
        """Find a user by e-mail, whatever its case."""
        return self.get(email__iexact=username)


class CustomUser(AbstractUser):
    """An account. Raising `token_version` refuses every agent token made before."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]  # signing in is by e-mail alone
    email = models.EmailField(_("e-mail address"))
    token_version = RisingField(
        default=1,
        editable=False,
        help_text=_("Raised by “sign out everywhere”, by deactivation and by a new password."),
    )
    is_self_made = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Signed up; the address counts once it is confirmed."),
    )
    deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("The account is a tombstone: its id stays for the bills, nothing else does."),
    )
    preferences_stamp = models.PositiveBigIntegerField(
        db_default=0,
        editable=False,
        help_text=_("Moved on by the database with each change of the user's preferences."),
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    # Whether a password was set in place of a stored one since the user was read.
    replaces_password = False

    objects: ClassVar[CustomUserManager] = CustomUserManager()  # type: ignore[assignment]  # no user name here

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = (("view_content", _("Can see what users write: titles, prompts, names")),)
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_unique",
                violation_error_message=_("A user with this e-mail address exists already."),
            ),
            models.CheckConstraint(
                name="accounts_user_deleted_is_off",
                condition=models.Q(deleted_at__isnull=True) | models.Q(is_active=False),
                violation_error_message=_("The account was deleted."),
            ),
        )
        indexes = (
            models.Index(
                fields=["deleted_at"],
                name="accounts_user_deleted",
                condition=models.Q(deleted_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """Set the password; once a stored user is saved with it, everything signed in before ends."""
        self.replaces_password = not self._state.adding
        super().set_password(raw_password)

    def set_unusable_password(self) -> None:
        """Take the password away, with the same consequence."""
        super().set_unusable_password()
        self.replaces_password = not self._state.adding
        # Django calls its validators' `password_changed` for passwords alone that were given.
        self._password = "" if self.replaces_password else None

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        # Django's own hash covers the password alone; "everywhere" includes the browser.
        state = f"{self.password}:{self.token_version}"
        return salted_hmac(
            "controlplane.accounts.session", state, secret=secret, algorithm="sha256"
        ).hexdigest()
