"""Limits in header fields: plain structured fields, whatever another server says of them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from controlplane.api.rate_limits import RateLimit, rate_limit_headers, rate_limit_of

NOW = datetime(2026, 3, 1, 23, tzinfo=UTC)
DETAILS = {
    "which": "daily_cost",
    "limit": "2.50",
    "remaining": "0.1234567",
    "resets_at": "2026-03-02T00:00:00+00:00",
}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def test_both_fields_tell_every_limit():
    ends_at = datetime(2026, 3, 1, 23, 59, 59, 500_000, tzinfo=UTC)
    limits = [
        RateLimit(which="daily_messages", limit=5, remaining=2, resets_at=ends_at),
        RateLimit(
            which="monthly_cost", limit=Decimal("2.5"), remaining=Decimal("0.1234567"), resets_at=ends_at
        ),
    ]
    assert rate_limit_headers(limits) == {
        "RateLimit": '"daily_messages";r=2;t=3600, "monthly_cost";r=123456;t=3600',
        "RateLimit-Policy": '"daily_messages";q=5;qu="messages", "monthly_cost";q=2500000;qu="micro-usd"',
    }


def test_without_limits_there_are_no_headers():
    assert rate_limit_headers([]) == {}


def test_refusal_s_details_are_read_back():
    limit = rate_limit_of(DETAILS)
    assert limit is not None
    assert rate_limit_headers([limit])["RateLimit"] == '"daily_cost";r=123456;t=3600'


@pytest.mark.parametrize(
    "changes",
    [
        {"which": 'x";r=1'},
        {"which": "x\r\nSet-Cookie: a=b"},
        {"limit": "NaN"},
        {"limit": None},
        {"remaining": []},
        {"resets_at": "soon"},
        {"resets_at": "2026-03-02T00:00:00"},
        {"resets_at": 5},
    ],
)
def test_details_that_tell_no_limit_make_no_header(changes):
    assert rate_limit_of({**DETAILS, **changes}) is None


def test_figures_beyond_structured_fields_are_cut():
    limit = RateLimit(
        which="daily_tokens", limit=10**18, remaining=-1, resets_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert rate_limit_headers([limit]) == {
        "RateLimit": '"daily_tokens";r=0;t=0',
        "RateLimit-Policy": '"daily_tokens";q=999999999999999;qu="tokens"',
    }
