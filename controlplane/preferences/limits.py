"""Which limits hold for a user, and who set each: the user's own, their groups' or the house's."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from controlplane.preferences.models import LIMITS, UserPreference
from controlplane.preferences.origins import Origin, Setting

_GROUP: Final = "user__groups__limits__"


@dataclass(frozen=True, kw_only=True)
class TermLimitsInForce:
    """The limits of one day or month, None being no limit; `cost` is in US dollars."""

    messages: Setting[int | None]
    tokens: Setting[int | None]
    cost: Setting[Decimal | None]


@dataclass(frozen=True, kw_only=True)
class LimitsInForce:
    """The limits of days and months, and the user's own time zone; empty is the house's."""

    day: TermLimitsInForce
    month: TermLimitsInForce
    timezone: str


# What one user or one group says: a limit by its column's name.
_Level = dict[str, Any]


def limits_in_force(user_id: UUID) -> LimitsInForce:
    """Resolve a user's limits from the database, in one query.

    The user's own goes first, 0 included; then the most generous of their groups; then the house's. Where a
    level marks its empty limits as unlimited, there is no limit and nobody further is asked.
    """
    columns = (*LIMITS, *(f"{_GROUP}{name}" for name in LIMITS), "timezone")
    rows = list(UserPreference.objects.filter(pk=user_id).values_list(*columns))
    width = len(LIMITS)
    own = [_level(row[:width]) for row in rows[:1]]
    # A user without groups, and a group without limits, come as a row of nulls.
    groups = [_level(row[width : 2 * width]) for row in rows]
    return LimitsInForce(
        day=_term("daily", own, groups),
        month=_term("monthly", own, groups),
        timezone=rows[0][-1] if rows else "",
    )


def _level(values: Sequence[Any]) -> _Level:
    return dict(zip(LIMITS, values, strict=True))


def _term(word: str, own: Sequence[_Level], groups: Sequence[_Level]) -> TermLimitsInForce:
    def resolve(kind: str) -> Setting[Any]:
        return _resolve(f"{word}_{kind}_limit", own, groups)

    return TermLimitsInForce(messages=resolve("message"), tokens=resolve("token"), cost=resolve("cost"))


def _resolve(name: str, own: Sequence[_Level], groups: Sequence[_Level]) -> Setting[Any]:
    for origin, levels in ((Origin.PREFERENCE, own), (Origin.GROUP, groups)):
        if any(level[name] is None and level["empty_is_unlimited"] for level in levels):
            return Setting(None, origin)
        said: list[Any] = [level[name] for level in levels if level[name] is not None]
        if said:
            return Setting(max(said), origin)
    return Setting(getattr(settings, name.upper()), Origin.SYSTEM)
