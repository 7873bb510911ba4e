"""Grants and resets: room for one day or month, recorded, and still there when figures are added up."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from controlplane.audit.models import AuditEntry
from controlplane.errors import Conflict, Invalid, LimitReached, NotFound
from controlplane.usage import counters
from controlplane.usage.grants import usage_grant, usage_reset
from controlplane.usage.limits import Amount, Term
from controlplane.usage.models import DailyCounter, MonthlyCounter, UsageGrant
from controlplane.usage.standing import limits_standing
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def used_up(user, settings):
    """Leave a user nothing of one message a day."""
    settings.DAILY_MESSAGE_LIMIT = 1
    counters.consume_message(user)
    return user


@pytest.mark.parametrize("term", list(Term))
def test_grant_adds_to_one_term_alone(user, make_user, settings, term):
    settings.DAILY_MESSAGE_LIMIT, settings.MONTHLY_MESSAGE_LIMIT = (
        (1, None) if term == Term.DAY else (None, 1)
    )
    admin = make_user("admin@example.com")
    counters.consume_message(user)

    grant = usage_grant(user_id=user.pk, term=term, amount=Amount(messages=2), actor_id=admin.pk)

    counters.consume_message(user)
    counters.consume_message(user)
    with pytest.raises(LimitReached) as refusal:
        counters.consume_message(user)
    assert (refusal.value.details["limit"], refusal.value.details["used"]) == (3, 3)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.concerns_id) == ("limits.grant", admin.pk, user.pk)
    assert (entry.subject_id, entry.changes["messages"]) == (str(grant.pk), [None, "2"])
    granted = (DailyCounter.objects.get().granted_messages, MonthlyCounter.objects.get().granted_messages)
    assert granted == ((2, 0) if term == Term.DAY else (0, 2))


def test_reset_sets_the_whole_limit_free_and_keeps_what_was_used(user, settings):
    settings.DAILY_TOKEN_LIMIT, settings.DAILY_COST_LIMIT = 100, Decimal(1)
    amount = Amount(tokens=60, cost=Decimal("0.5"))
    counter = counters.reserve(user, amount)
    counters.settle(counter.pk, reserved=amount, used=amount)
    counters.reserve(user, Amount(tokens=40))

    usage_reset(user_id=user.pk, term=Term.DAY, actor_id=None)

    standing = limits_standing(user).day
    assert (standing.tokens.remaining, standing.cost.remaining) == (100, Decimal(1))
    assert (standing.tokens.used, standing.tokens.reserved, standing.tokens.limit) == (60, 40, 200)
    with pytest.raises(Conflict, match="Nothing has been used"):
        usage_reset(user_id=user.pk, term=Term.DAY, actor_id=None)
    assert UsageGrant.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (Amount(), Invalid),
        (Amount(messages=-1), ValidationError),
        (Amount(tokens=10**12 + 1), ValidationError),
        (Amount(cost=Decimal("NaN")), ValidationError),
    ],
)
def test_senseless_grant_is_refused_and_leaves_nothing(used_up, amount, error):
    with pytest.raises(error):
        usage_grant(user_id=used_up.pk, term=Term.DAY, amount=amount, actor_id=None)
    assert not UsageGrant.objects.exists()
    assert not AuditEntry.objects.exists()
    assert DailyCounter.objects.get().granted == Amount()


def test_counter_that_is_full_of_grants_takes_no_more(used_up):
    DailyCounter.objects.update(granted_tokens=10**15)
    with pytest.raises(Invalid, match="more than can be granted"):
        usage_grant(user_id=used_up.pk, term=Term.DAY, amount=Amount(tokens=1), actor_id=None)
    assert not UsageGrant.objects.exists()


def test_user_who_is_not_there_is_granted_nothing(user):
    key = user.pk
    user.delete()
    with pytest.raises(NotFound):
        usage_grant(user_id=key, term=Term.DAY, amount=Amount(tokens=1), actor_id=None)


def test_figures_that_are_added_up_again_keep_grants(used_up, capsys):
    usage_grant(user_id=used_up.pk, term=Term.MONTH, amount=Amount(tokens=7), actor_id=None)
    usage_reset(user_id=used_up.pk, term=Term.DAY, actor_id=None)
    DailyCounter.objects.update(granted_messages=0)
    MonthlyCounter.objects.update(granted_tokens=0, messages=5)

    call_command("rebuild_totals")

    # No run belongs to the message of this test.
    day, month = DailyCounter.objects.get(), MonthlyCounter.objects.get()
    assert (day.messages, month.messages) == (0, 0)
    assert (day.granted, month.granted) == (Amount(messages=1), Amount(tokens=7))
    call_command("rebuild_totals")
    assert "1 monthly counters looked at, 0 mended." in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_resets_at_once_grant_what_was_used_once(used_up):
    outcomes = in_parallel(8, lambda _: usage_reset(user_id=used_up.pk, term=Term.DAY, actor_id=None))
    assert sum(isinstance(outcome, UsageGrant) for outcome in outcomes) == 1
    assert DailyCounter.objects.get().granted_messages == 1
