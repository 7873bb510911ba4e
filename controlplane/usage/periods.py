"""Spans of whole days, in which usage is asked for and priced again."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from controlplane.usage.days import midnight

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2999, 12, 31)


def house_zone() -> ZoneInfo:
    """Give the time zone of the house."""
    return ZoneInfo(settings.TIME_ZONE)


@dataclass(frozen=True, kw_only=True)
class Period:
    """Whole days of one time zone, the first and the last included; without a zone, of the house's."""

    first: date
    last: date
    zone: ZoneInfo = field(default_factory=house_zone)

    @property
    def days(self) -> int:
        """How many they are; 0 or less for a last day before the first."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """The moment at which the first day begins."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The moment at which the day after the last one begins."""
        return midnight(self.last + timedelta(days=1), self.zone)
