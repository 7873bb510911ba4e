"""Spans of whole days, in which usage is asked for and priced again."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2999, 12, 31)


@dataclass(frozen=True, kw_only=True)
class Period:
    """Whole days of the house's TIME_ZONE, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many they are; 0 or less for a last day before the first."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """The moment at which the first day begins."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The moment at which the day after the last one begins."""
        return _midnight(self.last + timedelta(days=1))


def house_zone() -> ZoneInfo:
    """Give the time zone in which days begin."""
    return ZoneInfo(settings.TIME_ZONE)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, house_zone())
