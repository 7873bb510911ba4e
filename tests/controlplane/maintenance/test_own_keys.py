"""What ran on users' own keys: figures that are worked out again leave its cost out of the house's limit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from controlplane.chat.models import ChatSession
from controlplane.maintenance.rerating import usage_rerate
from controlplane.maintenance.totals import counters_rebuild, session_totals_rebuild
from controlplane.runs.ledger import record_commit
from controlplane.runs.permits import call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.periods import Period
from controlplane.usage.services import price_add
from tests.controlplane.provider_keys.fixtures import make_key
from tests.controlplane.runs.agent import record_of
from tests.controlplane.runs.conftest import admitted, call_request, run_request

__all__ = ["admitted", "call_request", "make_key", "run_request"]


@pytest.fixture
def settled(make_key, admitted, call_request) -> TokenUsage:
    """A settled call on the user's own key: 80 and 20 tokens."""
    make_key()
    run = admitted()
    request = call_request(run)
    call_permit(request)
    record_commit(record_of(run.pk, request.attempt_id))
    return TokenUsage.objects.get()


def test_rebuilding_finds_nothing_to_mend(settled):
    assert counters_rebuild().drifts == []
    sessions = [drift.figures for drift in session_totals_rebuild(dry_run=True).drifts]
    assert all("total_cost" not in figures for figures in sessions)
    assert (DailyCounter.objects.get().tokens, DailyCounter.objects.get().cost) == (100, 0)


def test_new_price_changes_the_session_and_not_the_house_s_counter(settled):
    price_add(
        model_name="gpt-4o",
        input_mtok=Decimal(1000),
        output_mtok=Decimal(1000),
        valid_from=settled.created_at - timedelta(days=1),
    )
    today = timezone.localdate()

    done = usage_rerate(period=Period(first=today - timedelta(days=1), last=today + timedelta(days=1)))

    assert done.changed == 1
    assert ChatSession.objects.get().total_cost == Decimal("0.1")
    assert DailyCounter.objects.get().cost == 0
