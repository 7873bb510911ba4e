"""Which daily limits hold for a user, and who set each: the user's own, their groups' or the house's."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings

from controlplane.preferences.models import LIMITS, UserPreference
from controlplane.preferences.origins import Origin, Setting

Number = TypeVar("Number", int, Decimal)

_GROUP: Final = "user__groups__limits__"


@dataclass(frozen=True, kw_only=True)
class DailyLimitsInForce:
    """The limits of one day, None being no limit; `cost` is in US dollars."""

    messages: Setting[int | None]
    tokens: Setting[int | None]
    cost: Setting[Decimal | None]


@dataclass(frozen=True)
class _Level:
    """What one user or one group says, as its row says it."""

    messages: int | None
    tokens: int | None
    cost: Decimal | None
    empty_is_unlimited: bool | None


def limits_in_force(user_id: UUID) -> DailyLimitsInForce:
    """Resolve a user's limits from the database, in one query.

    The user's own goes first, 0 included; then the most generous of their groups; then the house's. Where a
    level marks its empty limits as unlimited, there is no limit and nobody further is asked.
    """
    columns = (*LIMITS, *(f"{_GROUP}{name}" for name in LIMITS))
    rows = list(UserPreference.objects.filter(pk=user_id).values_list(*columns))
    own = [_Level(*row[: len(LIMITS)]) for row in rows[:1]]
    # A user without groups, and a group without limits, come as a row of nulls.
    groups = [_Level(*row[len(LIMITS) :]) for row in rows]
    return DailyLimitsInForce(
        messages=_resolve("messages", own, groups, settings.DAILY_MESSAGE_LIMIT),
        tokens=_resolve("tokens", own, groups, settings.DAILY_TOKEN_LIMIT),
        cost=_resolve("cost", own, groups, settings.DAILY_COST_LIMIT),
    )


def _resolve(
    name: str, own: Sequence[_Level], groups: Sequence[_Level], house: Number | None
) -> Setting[Number | None]:
    for origin, levels in ((Origin.PREFERENCE, own), (Origin.GROUP, groups)):
        numbers = [getattr(level, name) for level in levels]
        if any(
            number is None and level.empty_is_unlimited for number, level in zip(numbers, levels, strict=True)
        ):
            return Setting(None, origin)
        said: list[Any] = [number for number in numbers if number is not None]
        if said:
            return Setting(max(said), origin)
    return Setting(house, Origin.SYSTEM)
