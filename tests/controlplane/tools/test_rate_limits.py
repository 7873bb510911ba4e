"""A sliding window of two counters: what counts at a moment, and when there is room again."""

from datetime import UTC, datetime, timedelta

import pytest

from controlplane.tools.rate_limits import Period, RateLimit, Window

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "started_at"),
    [
        pytest.param(Period.MINUTE, datetime(2026, 11, 22, 12, 34, tzinfo=UTC), id="minute"),
        pytest.param(Period.HOUR, NOON, id="hour"),
        pytest.param(Period.DAY, datetime(2026, 11, 22, tzinfo=UTC), id="day"),
    ],
)
def test_stretch_starts_with_its_period(period, started_at):
    assert Window.at(NOON + timedelta(minutes=34, seconds=56), period).started_at == started_at


@pytest.mark.parametrize(
    ("started_at", "expected"),
    [
        pytest.param(None, (0, 0), id="never used"),
        pytest.param(NOON, (7, 3), id="in this stretch"),
        pytest.param(NOON - timedelta(hours=1), (0, 7), id="in the one before"),
        pytest.param(NOON - timedelta(hours=2), (0, 0), id="long ago"),
        pytest.param(NOON + timedelta(hours=1), (7, 3), id="by a clock ahead"),
    ],
)
def test_counters_age_with_their_stretch(started_at, expected):
    assert Window.at(NOON + timedelta(minutes=5), Period.HOUR).counts_of(started_at, 7, 3) == expected


@pytest.mark.parametrize(
    ("minutes", "used"),
    [(0, 12), (15, 10), (30, 7), (59, 3), (60 - 1 / 60_000, 3)],
    ids=["at its start", "a quarter in", "half in", "near its end", "at its last millisecond"],
)
def test_past_uses_fade_and_are_rounded_up(minutes, used):
    window = Window.at(NOON + timedelta(minutes=minutes), Period.HOUR)

    assert window.used(2, 10) == used


@pytest.mark.parametrize(
    ("current", "previous", "limit", "opens_after"),
    [
        pytest.param(0, 0, 1, timedelta(0), id="unused"),
        pytest.param(1, 0, 1, timedelta(hours=2), id="the only one: one whole period later at the latest"),
        pytest.param(10, 0, 10, timedelta(hours=1, minutes=6), id="ten of ten"),
        pytest.param(0, 10, 10, timedelta(minutes=6), id="ten of ten before"),
        pytest.param(4, 10, 10, timedelta(minutes=30), id="some before and some now"),
    ],
)
def test_room_comes_back_when_it_is_said_to(current, previous, limit, opens_after):
    window = Window.at(NOON, Period.HOUR)

    opens_at = window.opens_at(current, previous, limit=limit)

    assert opens_at == NOON + opens_after
    later = Window.at(opens_at, Period.HOUR)
    assert later.used(*later.counts_of(NOON, current, previous)) < limit


def test_limit_reads_like_one():
    assert str(RateLimit(uses=10, period=Period.HOUR)) == "10/hour"
