"""What users think of single answers. The answers themselves stay at the Agent Server."""

import uuid
from typing import ClassVar, Self, TypedDict, cast

from django.conf import settings
from django.core.validators import MaxLengthValidator, MaxValueValidator
from django.db import models
from django.db.models import Avg, Case, Count, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from controlplane.feedback.choices import SATISFIED, STARS, Category, Issue, Rating, require_categories

LONGEST_TEXT = 5_000
LAST_INDEX = 10**9


class Satisfaction(TypedDict):
    """How content a session's user is; rate and average are null where there is nothing to take them of."""

    total_feedback: int
    thumbs_up: int
    thumbs_down: int
    star_ratings: int
    average_stars: float | None
    satisfied: int
    satisfaction_rate: float | None


class MessageFeedbackQuerySet(models.QuerySet["MessageFeedback"]):
    """The words in which feedback is asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep what one user said."""
        return self.filter(user_id=user_id)

    def existing(self) -> Self:
        """Leave out what belongs to sessions that are being deleted."""
        return self.filter(chat_session__deleted_at__isnull=True)

    def unreviewed(self) -> Self:
        """Keep what nobody of the house has looked at since it was said."""
        return self.filter(reviewed=False)

    def satisfaction(self) -> Satisfaction:
        """Add these ratings up in one query: thumbs up and 4 or 5 stars, in percent of all."""
        stars = Case(*(When(rating=rating, then=Value(count)) for rating, count in STARS.items()))
        found = self.aggregate(
            total_feedback=Count("pk"),
            thumbs_up=Count("pk", filter=Q(rating=Rating.THUMBS_UP)),
            thumbs_down=Count("pk", filter=Q(rating=Rating.THUMBS_DOWN)),
            star_ratings=Count(stars),
            average_stars=Avg(stars),
            satisfied=Count("pk", filter=Q(rating__in=SATISFIED)),
        )
        total, average = found["total_feedback"], found["average_stars"]
        found["average_stars"] = None if average is None else round(float(average), 2)
        found["satisfaction_rate"] = round(100 * found["satisfied"] / total, 1) if total else None
        return cast("Satisfaction", found)


class MessageFeedback(models.Model):
    """What one user thinks of one answer; it goes with the session, so that no text outlives it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_feedback"
    )
    chat_session = models.ForeignKey(
        "chat.ChatSession", on_delete=models.CASCADE, related_name="message_feedback"
    )
    run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="message_feedback"
    )
    message_id = models.CharField(max_length=200, blank=True, help_text=_("LangGraph's id of the message."))
    checkpoint_id = models.CharField(
        max_length=100, blank=True, help_text=_("Where the conversation stood when it was rated.")
    )
    message_index = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(LAST_INDEX)], help_text=_("Counted from 0.")
    )

    rating = models.CharField(max_length=20, choices=Rating)
    feedback_categories = models.JSONField(default=list, blank=True, validators=[require_categories])
    feedback_text = models.TextField(
        max_length=LONGEST_TEXT, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    reported_issue = models.CharField(max_length=20, choices=Issue, blank=True)

    reviewed = models.BooleanField(default=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_notes = models.TextField(max_length=LONGEST_TEXT, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[MessageFeedbackQuerySet] = MessageFeedbackQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = _("message feedback")
        indexes = (
            models.Index(fields=["chat_session", "-created_at", "-id"], name="feedback_of_session"),
            models.Index(fields=["-created_at", "-id"], name="feedback_recent"),
            models.Index(
                fields=["-created_at"], name="feedback_unreviewed", condition=models.Q(reviewed=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user", "chat_session", "message_id"],
                name="feedback_one_per_message",
                condition=~Q(message_id=""),
            ),
            models.UniqueConstraint(
                fields=["user", "chat_session", "checkpoint_id", "message_index"],
                name="feedback_one_per_place",
                condition=Q(message_id=""),
            ),
            models.CheckConstraint(
                name="feedback_names_a_message",
                condition=~Q(message_id="") | Q(message_index__isnull=False) & ~Q(checkpoint_id=""),
            ),
            models.CheckConstraint(name="feedback_rating_known", condition=Q(rating__in=Rating.values)),
            models.CheckConstraint(
                name="feedback_categories_known",
                condition=Q(feedback_categories__contained_by=Category.values),
            ),
            models.CheckConstraint(
                name="feedback_issue_known", condition=Q(reported_issue__in=["", *Issue.values])
            ),
        )

    def __str__(self) -> str:
        return self.get_rating_display()

    @classmethod
    def get_session_satisfaction(cls, session: models.Model) -> Satisfaction:
        """Say how content a session's user is, in one query; `satisfaction_rate` is in percent, or None."""
        return cls.objects.filter(chat_session_id=session.pk).satisfaction()
