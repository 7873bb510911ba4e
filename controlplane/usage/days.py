"""Days and months on which usage is counted: named after the user's calendar, each of them once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class UsageDay:
    """A day on which usage is counted, and the moment at which the next one begins."""

    day: date
    resets_at: datetime


def day_following(last: date | None, *, zone: ZoneInfo, now: datetime | None = None) -> UsageDay:
    """Give the day that begins when the last one has ended: today there, yet never a day that was before.

    Whoever moves west lives a date twice; the second time counts with the day after, which is the longer
    for it. So no change of zones gives more than one allowance for any date.
    """
    today = (now or timezone.now()).astimezone(zone).date()
    day = today if last is None or today > last else last + ONE_DAY
    return UsageDay(day=day, resets_at=midnight(day + ONE_DAY, zone))


def current_day(zone: ZoneInfo | None = None) -> UsageDay:
    """Give the day that it is now in a zone, or in the house's TIME_ZONE."""
    return day_following(None, zone=zone or ZoneInfo(settings.TIME_ZONE))


def first_of_month(day: date) -> date:
    """Give the day after which a month is named."""
    return day.replace(day=1)


def first_of_next_month(day: date) -> date:
    """Give the first day of the month after a day's."""
    return (first_of_month(day) + timedelta(days=31)).replace(day=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give the moment at which a day begins; where the clocks leave midnight out, the one when they do."""
    # In UTC, since moments of one zone are compared by what its clocks show.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
