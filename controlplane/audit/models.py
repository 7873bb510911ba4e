"""The record itself: rows that the database lets nobody change or delete."""

import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Action(models.TextChoices):
    """What was done."""

    LIMITS_CHANGE = "limits.change", _("limits changed")
    LIMITS_GRANT = "limits.grant", _("usage granted")
    LIMITS_RESET = "limits.reset", _("usage reset")
    KEY_ADD = "key.add", _("key added")
    KEY_CHANGE = "key.change", _("key changed")
    KEY_DELETE = "key.delete", _("key deleted")
    TOKEN_ADD = "token.add", _("access token made")
    TOKEN_REVOKE = "token.revoke", _("access token revoked")
    USER_ADD = "user.add", _("account made")
    USER_CHANGE = "user.change", _("account changed")
    USER_INVITE = "user.invite", _("invitation sent")
    ROLE_CHANGE = "role.change", _("roles changed")
    TEMPLATE_CHANGE = "template.change", _("template changed")
    TOOL_CHANGE = "tool.change", _("tool changed")
    MODEL_CHANGE = "model.change", _("model changed")
    PRICE_CHANGE = "price.change", _("price changed")
    SECRETS_ROTATE = "secrets.rotate", _("secrets sealed anew")
    PREFERENCES_CHANGE = "preferences.change", _("preferences changed")
    DOCUMENT_CHANGE = "document.change", _("document changed")
    DOCUMENT_DELETE = "document.delete", _("document deleted")
    SESSION_ARCHIVE = "session.archive", _("session archived")
    SESSION_CHANGE = "session.change", _("session changed")
    SESSION_DELETE = "session.delete", _("session deleted")
    APPROVAL_DECIDE = "approval.decide", _("tool call decided")
    ACCOUNT_DELETE = "account.delete", _("account deleted")
    ACCOUNT_EXPORT = "account.export", _("account exported")
    TRANSCRIPT_READ = "transcript.read", _("transcript read")
    CONTENT_READ = "content.read", _("content read")
    USAGE_ARCHIVE = "usage.archive", _("usage moved out or back")
    REPAIR = "repair", _("planes repaired")


def known_actions() -> list[tuple[str, Any]]:
    """Give the choices by name, so that a new action is no change of the table."""
    return list(Action.choices)


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """The words in which the record is asked for."""

    def about(self, user_id: uuid.UUID) -> Self:
        """Keep what concerns one user."""
        return self.filter(concerns_id=user_id)


class AuditEntry(models.Model):
    """One thing that somebody did. Ids only: no names, no content and no secrets, so that it may stay."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    # No foreign keys: what happened stays when those whom it concerned are gone.
    actor_id = models.UUIDField(null=True, editable=False, help_text=_("Empty: the system itself."))
    action = models.CharField(max_length=40, choices=known_actions, editable=False)
    subject_type = models.CharField(max_length=80, editable=False, help_text=_("As app.model."))
    subject_id = models.CharField(max_length=80, editable=False)
    concerns_id = models.UUIDField(null=True, editable=False, help_text=_("The user whom it concerns."))
    changes = models.JSONField(default=dict, editable=False, help_text=_("By field: before and after."))
    request_id = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar[AuditEntryQuerySet] = AuditEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = (
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["actor_id", "-at", "-id"], name="audit_of_actor"),
            models.Index(fields=["concerns_id", "-at", "-id"], name="audit_concerning"),
            models.Index(fields=["action", "-at", "-id"], name="audit_of_action"),
            models.Index(fields=["subject_id", "-at", "-id"], name="audit_of_subject"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.subject_type} {self.subject_id}"
