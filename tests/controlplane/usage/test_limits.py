"""The day of the house, and what the limits say when there are none."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from controlplane.usage.days import current_day
from controlplane.usage.limits import Amount, Limits, limit_reached


@pytest.mark.parametrize(
    ("zone", "now", "day", "resets_at"),
    [
        pytest.param("UTC", "2026-03-01T23:59:59", "2026-03-01", "2026-03-02T00:00:00+00:00", id="utc"),
        pytest.param(
            "Asia/Tokyo", "2026-03-01T23:59:59", "2026-03-02", "2026-03-02T15:00:00+00:00", id="ahead"
        ),
        pytest.param(
            "Europe/Berlin", "2026-03-28T23:30:00", "2026-03-29", "2026-03-29T22:00:00+00:00", id="short day"
        ),
    ],
)
def test_day_is_the_house_s(settings, monkeypatch, zone, now, day, resets_at):
    settings.TIME_ZONE = zone
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(now).replace(tzinfo=UTC))
    today = current_day()
    assert today.day.isoformat() == day
    assert today.resets_at.isoformat() == resets_at


def test_without_limits_everything_has_room():
    gauges = Limits().gauges(used=Amount(messages=10**9, tokens=10**12), wanted=Amount(tokens=10**12))
    assert [gauge.has_room for gauge in gauges] == [True, True, True]
    assert [gauge.remaining for gauge in gauges] == [None, None, None]


def test_overdrawn_limit_has_nothing_left():
    messages, tokens, cost = Limits(messages=1, tokens=10, cost=Decimal("0.1")).gauges(
        used=Amount(messages=1, tokens=25, cost=Decimal("0.3")), wanted=Amount(messages=1)
    )
    assert [messages.remaining, tokens.remaining, cost.remaining] == [0, 0, Decimal(0)]
    assert [messages.has_room, tokens.has_room, cost.has_room] == [False, False, False]


def test_limit_of_zero_refuses_from_the_start():
    messages, _, _ = Limits(messages=0).gauges(used=Amount(), wanted=Amount(messages=1))
    assert not messages.has_room


def test_money_is_told_as_text():
    *_, cost = Limits(cost=Decimal("0.50")).gauges(used=Amount(cost=Decimal("0.45")), wanted=Amount())
    details = limit_reached(cost, current_day().resets_at).details
    assert (details["limit"], details["used"], details["remaining"]) == ("0.50", "0.45", "0.05")


def test_gauge_without_a_limit_refuses_nothing():
    *_, cost = Limits().gauges(used=Amount(), wanted=Amount())
    with pytest.raises(ValueError, match="refuses nothing"):
        limit_reached(cost, current_day().resets_at)
