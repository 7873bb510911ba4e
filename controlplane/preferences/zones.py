"""The time zone in which a user's days begin: their own, else the house's."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.conf import settings

from controlplane.accounts.models import CustomUser
from controlplane.preferences.selectors import preferences_of

logger = structlog.get_logger(__name__)


def zone_named(name: str) -> ZoneInfo:
    """Give the zone of an IANA name; the house's for empty text, and for one that is known no more."""
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            logger.warning("time_zone_unknown", time_zone=name)
    return ZoneInfo(settings.TIME_ZONE)


def zone_of(user: CustomUser) -> ZoneInfo:
    """Give a user's zone, for showing; counters take theirs from the database."""
    return zone_named(preferences_of(user).timezone)
