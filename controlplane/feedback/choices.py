"""The words in which answers are rated, and what they count for."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Rating(models.TextChoices):
    """Thumbs, or one to five stars."""

    THUMBS_UP = "thumbs_up", _("thumbs up")
    THUMBS_DOWN = "thumbs_down", _("thumbs down")
    STAR_1 = "star_1", _("1 star")
    STAR_2 = "star_2", _("2 stars")
    STAR_3 = "star_3", _("3 stars")
    STAR_4 = "star_4", _("4 stars")
    STAR_5 = "star_5", _("5 stars")


# As customer satisfaction is commonly counted: the two best of five are satisfied, the middle is not.
SATISFIED: Final = (Rating.THUMBS_UP, Rating.STAR_4, Rating.STAR_5)
STARS: Final = {
    Rating.STAR_1: 1,
    Rating.STAR_2: 2,
    Rating.STAR_3: 3,
    Rating.STAR_4: 4,
    Rating.STAR_5: 5,
}


class Category(models.TextChoices):
    """What an answer was like."""

    HELPFUL = "helpful", _("helpful")
    ACCURATE = "accurate", _("accurate")
    CLEAR = "clear", _("clear")
    CREATIVE = "creative", _("creative")
    INACCURATE = "inaccurate", _("inaccurate")
    INCOMPLETE = "incomplete", _("incomplete")
    UNCLEAR = "unclear", _("unclear")
    OFF_TOPIC = "off_topic", _("off topic")
    TOO_LONG = "too_long", _("too long")
    TOO_SHORT = "too_short", _("too short")
    TOO_SLOW = "too_slow", _("too slow")
    WRONG_TOOL = "wrong_tool", _("wrong use of a tool")
    OTHER = "other", _("other")


class Issue(models.TextChoices):
    """What is reported to the house."""

    HARMFUL = "harmful", _("harmful")
    OFFENSIVE = "offensive", _("offensive")
    FALSE = "false", _("false")
    PRIVACY = "privacy", _("discloses something private")
    COPYRIGHT = "copyright", _("copies something")
    TECHNICAL = "technical", _("technical trouble")
    OTHER = "other", _("other")


def require_categories(value: object) -> None:
    """Refuse anything but a list of known categories, each once. Raises ValidationError."""
    if not isinstance(value, list) or not all(one in Category.values for one in value):
        raise ValidationError(_("A list of known categories."))
    if len(set(value)) < len(value):
        raise ValidationError(_("Each category once."))
