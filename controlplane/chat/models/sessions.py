"""Sessions: what users see of a thread. The messages themselves live in LangGraph's checkpoints."""

import uuid
from decimal import Decimal
from typing import ClassVar, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from controlplane.chat.models.lexemes import words_of_session
from controlplane.chat.models.session_queries import ChatSessionQuerySet
from controlplane.chat.tags import LONGEST_TAG, MOST_TAGS
from controlplane.preferences.models import MultitaskStrategy

# What a session is called until somebody words a title.
DEFAULT_TITLE: Final = "New conversation"


class ChatSession(models.Model):
    """The metadata of one thread; the session's id is the thread's id."""

    class TitleOrigin(models.TextChoices):
        """Who worded the title; its owner's own is never overwritten."""

        DEFAULT = "default", _("nobody yet")
        GENERATED = "generated", _("a model")
        OWNER = "owner", _("its owner")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_sessions")
    title = models.CharField(max_length=200, default=DEFAULT_TITLE)
    title_origin = models.CharField(
        max_length=10,
        choices=TitleOrigin,
        default=TitleOrigin.DEFAULT,
        db_default=TitleOrigin.DEFAULT,
        editable=False,
    )
    title_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When a model is to word its title.")
    )
    title_tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=_("How often a model was asked to.")
    )
    graph_id = models.CharField(max_length=100, default="agent")

    tags = ArrayField(
        models.CharField(max_length=LONGEST_TAG),
        size=MOST_TAGS,
        default=list,
        blank=True,
        help_text=_("Words of the owner's own, separated by commas."),
    )

    model_name = models.CharField(max_length=200, blank=True, help_text=_("Empty: as preferred."))
    temperature = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.0), MaxValueValidator(2.0)]
    )
    max_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    custom_system_prompt = models.TextField(blank=True, max_length=20_000)
    enable_summarization = models.BooleanField(
        null=True, blank=True, help_text=_("Unknown: as the user's preferences say.")
    )
    summarization_threshold = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(256)],
        help_text=_("Tokens of history above which older turns are summarized. Empty: as preferred."),
    )

    multitask_strategy = models.CharField(
        max_length=10,
        choices=MultitaskStrategy,
        blank=True,
        default="",
        db_default="",
        help_text=_("What becomes of a message that comes while a run is on. Empty: as preferred."),
    )

    message_count = models.PositiveIntegerField(default=0, editable=False)
    total_tokens_used = models.PositiveBigIntegerField(default=0, editable=False)
    total_cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)
    last_message_at = models.DateTimeField(null=True, blank=True, editable=False)

    is_active = models.BooleanField(default=True)
    is_archived = models.BooleanField(default=False)
    is_pinned = models.BooleanField(default=False)
    is_provisional = models.BooleanField(
        default=False, editable=False, help_text=_("Its thread has not been seen yet.")
    )
    index_wanted = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("How often what was said has changed.")
    )
    index_done = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("The change that the index of messages has seen last.")
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When it was archived for want of use.")
    )
    restored_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When it was last taken out of the archive.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Set while the deletion is under way.")
    )

    objects: ClassVar[ChatSessionQuerySet] = ChatSessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["user", "-updated_at", "-id"], name="chat_session_recent"),
            models.Index(fields=["user", "is_archived", "-updated_at", "-id"], name="chat_session_archived"),
            models.Index(
                fields=["user", "-updated_at", "-id"],
                name="chat_session_pinned",
                condition=models.Q(is_pinned=True),
            ),
            models.Index(fields=["user", "created_at", "id"], name="chat_session_by_age"),
            models.Index(fields=["user", "title", "id"], name="chat_session_by_title"),
            # For the back office, which lists everybody's.
            models.Index(fields=["-updated_at", "-id"], name="chat_session_latest"),
            # Straight into the index: a list of pending entries would be read by every search.
            GinIndex(words_of_session(), name="chat_session_words", fastupdate=False),
            models.Index(
                fields=["id"],
                name="chat_session_to_index",
                condition=models.Q(index_wanted__gt=models.F("index_done")),
            ),
            models.Index(
                fields=["title_due_at"],
                name="chat_session_title_due",
                condition=models.Q(title_due_at__isnull=False),
            ),
            models.Index(
                fields=["deleted_at"],
                name="chat_session_deleting",
                condition=models.Q(deleted_at__isnull=False),
            ),
            models.Index(
                fields=["updated_at"],
                name="chat_session_to_retire",
                condition=models.Q(is_archived=False, is_pinned=False, deleted_at__isnull=True),
            ),
            models.Index(
                fields=["retired_at"],
                name="chat_session_retired",
                condition=models.Q(retired_at__isnull=False),
            ),
            models.Index(
                fields=["updated_at"],
                name="chat_session_provisional",
                condition=models.Q(is_provisional=True),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="chat_session_temperature_range",
                condition=models.Q(temperature__isnull=True)
                | models.Q(temperature__gte=0, temperature__lte=2),
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def thread_id(self) -> str:
        """The id under which LangGraph knows this session."""
        return str(self.id)

    def update_analytics(
        self, message_count: int = 0, tokens_used: int = 0, cost: Decimal = Decimal(0)
    ) -> None:
        """Add to the counters in one statement, then read them back; safe under concurrency."""
        ChatSession.objects.filter(pk=self.pk).update(
            message_count=F("message_count") + message_count,
            total_tokens_used=F("total_tokens_used") + tokens_used,
            total_cost=F("total_cost") + cost,
            last_message_at=Now() if message_count else F("last_message_at"),
            updated_at=Now(),
        )
        self.refresh_from_db(
            fields=["message_count", "total_tokens_used", "total_cost", "last_message_at", "updated_at"]
        )
