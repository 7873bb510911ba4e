"""What the first page shows by day: each app says what it counts, and who may see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal, Self

from django.utils.functional import Promise

Amount = int | Decimal


class Unit(Enum):
    """How an amount is written."""

    COUNT = "count"
    DOLLARS = "dollars"


@dataclass(frozen=True, kw_only=True)
class Span:
    """Whole days, the first and the last included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, *, days: int) -> Self:
        """Make the span of so many days that ends with this one."""
        return cls(first=last - timedelta(days=days - 1), last=last)

    @property
    def days(self) -> list[date]:
        """List them, the first one first."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> "Span":
        """The span of the same length just before."""
        return Span.ending(self.first - timedelta(days=1), days=len(self.days))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that is counted; both queries have to be bounded by their span and backed by an index."""

    slug: str
    title: str | Promise
    # Django's `app.permission`: whoever lacks it does not see the figure.
    permission: str
    by_day: Callable[[Span], Mapping[date, Amount]]
    total: Callable[[Span], Amount]
    # Where a click leads: the name of a page.
    page: str
    unit: Unit = Unit.COUNT
    # Whether more is good news, bad news or neither.
    more_is: Literal["better", "worse", "plain"] = "plain"
    order: int = 100


_FIGURES: dict[str, Figure] = {}


def register_figure(figure: Figure) -> None:
    """Put a figure on the first page; an app does so in its admin module, beside its models."""
    _FIGURES[figure.slug] = figure


def all_figures() -> list[Figure]:
    """List the figures as they stand on the page."""
    return sorted(_FIGURES.values(), key=lambda figure: figure.order)
