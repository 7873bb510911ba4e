"""A user's own key that its provider refused: known from the record, not tried again until it may be good."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from controlplane.audit.models import Action, AuditEntry
from controlplane.errors import Conflict
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.provider_keys.services import key_change, key_delete, key_validate
from controlplane.runs.ledger import record_commit
from controlplane.runs.models import Run
from controlplane.runs.permits import call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from sdk_bridge import UsageRecord
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.provider_keys.provider_server import GOOD_KEY


@pytest.fixture(autouse=True)
def house(settings):
    """What a run on the house's key would get."""
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-house", "http://house.test/v1"


@pytest.fixture
def refused(admitted, call_request):
    """A call on the key of a new run, as the record tells that the provider refused it."""

    def call(run: Run | None = None) -> UsageRecord:
        run = run or admitted()
        permit = call_permit(call_request(run))
        assert permit.own_key is not None
        return UsageRecord(
            attempt_id=permit.attempt_id,
            run_id=run.pk,
            provider="openai",
            model="gpt-4o",
            node="call_model",
            request_type="chat",
            outcome="failed",
            input_tokens=0,
            output_tokens=0,
            cached_tokens=0,
            reasoning_tokens=0,
            is_estimated=False,
            duration_ms=31,
            ended_at=datetime(2026, 3, 1, tzinfo=UTC),
            failure="key_refused",
            own_key_version=permit.own_key.version,
        )

    return call


def state_of(key: UserAPIKey) -> tuple[bool, str, bool]:
    key.refresh_from_db()
    return key.is_validated, key.validation_error, key.refused_at is not None


GOOD, BAD = (True, "", False), (False, "invalid_key", True)


def test_record_of_a_refusal_marks_the_key_and_is_audited(make_key, user, refused):
    key = make_key()
    UserAPIKey.objects.update(is_validated=True)

    assert record_commit(refused())

    assert state_of(key) == BAD
    entry = AuditEntry.objects.get(action=Action.KEY_CHANGE)
    assert (entry.subject_id, entry.actor_id, entry.concerns_id) == (str(key.pk), None, user.pk)
    assert entry.changes == {"refused_at": [None, key.refused_at.isoformat()]}
    assert TokenUsage.objects.get().total_tokens == 0


@pytest.mark.parametrize(
    "changes",
    [{"failure": ""}, {"failure": "model_refused"}, {"own_key_version": ""}, {"own_key_version": "another"}],
    ids=["no-failure", "another-failure", "no-version", "another-version"],
)
def test_other_records_mark_nothing(make_key, refused, changes):
    key = make_key()
    UserAPIKey.objects.update(is_validated=True)

    assert record_commit(replace(refused(), **changes))

    assert state_of(key) == GOOD
    assert not AuditEntry.objects.filter(action=Action.KEY_CHANGE, actor_id=None).exists()


def test_repeat_of_the_record_marks_nothing_twice(make_key, refused):
    key, record = make_key(), refused()

    assert [record_commit(record), record_commit(record)] == [True, False]

    assert state_of(key) == BAD
    assert AuditEntry.objects.filter(subject_id=str(key.pk), actor_id=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_refusals_at_once_are_one_piece_of_news(make_key, refused):
    key = make_key()
    records = [refused(), refused()]

    assert in_parallel(2, lambda number: record_commit(records[number])) == [True, True]

    assert state_of(key) == BAD
    assert AuditEntry.objects.filter(subject_id=str(key.pk), actor_id=None).count() == 1


def test_refusal_of_an_older_text_marks_nothing(make_key, user, refused):
    key, record = make_key(), refused()
    key_change(key_id=key.pk, user_id=user.pk, changes={"api_key": "sk-another-0123456789"})

    assert record_commit(record)

    assert state_of(key) == (False, "", False)


def test_refusal_from_before_a_good_validation_marks_nothing(make_key, refused):
    key, record = make_key(), refused()
    UserAPIKey.objects.update(is_validated=True, last_validated_at=timezone.now() + timedelta(seconds=1))

    assert record_commit(record)

    assert state_of(key) == GOOD


def test_deleted_key_is_left_alone(make_key, user, refused):
    key, record = make_key(), refused()
    key_delete(key_id=key.pk, user_id=user.pk)

    assert record_commit(record)

    assert state_of(key) == (False, "", False)


def test_run_on_a_key_known_to_be_bad_is_refused_and_counts_nothing(make_key, admitted):
    make_key()
    UserAPIKey.objects.update(refused_at=timezone.now())

    with pytest.raises(Conflict) as refusal:
        admitted()

    assert (refusal.value.code, refusal.value.details) == ("key_refused", {"provider": "openai"})
    assert refusal.value.message == (
        "openai does not accept your API key. Enter it anew, or have it validated."
    )
    assert not Run.objects.exists()
    assert not DailyCounter.objects.filter(messages__gt=0).exists()


def test_run_on_a_key_known_to_be_bad_uses_the_house_s_where_its_owner_agreed(
    make_key, admitted, call_request
):
    make_key(may_use_house_key=True)
    UserAPIKey.objects.update(refused_at=timezone.now())

    permit = call_permit(call_request(admitted()))

    assert (permit.api_key, permit.own_key) == ("sk-house", None)
    assert not KeyCounter.objects.exists()


def test_run_that_is_under_way_ends_at_its_next_call(make_key, admitted, call_request, refused):
    make_key()
    run = admitted()
    record_commit(refused(run))

    with pytest.raises(Conflict) as refusal:
        call_permit(call_request(run))

    assert refusal.value.code == "key_refused"
    assert TokenUsage.objects.count() == 1


def test_run_that_is_under_way_goes_over_to_the_house_s_key_where_its_owner_agreed(
    make_key, admitted, call_request, refused
):
    make_key(may_use_house_key=True)
    run = admitted()
    record_commit(refused(run))

    assert call_permit(call_request(run)).api_key == "sk-house"


def test_call_that_was_reserved_on_the_key_never_gets_the_house_s(make_key, admitted, call_request):
    make_key(may_use_house_key=True)
    request = call_request(admitted())
    call_permit(request)
    UserAPIKey.objects.update(refused_at=timezone.now())

    with pytest.raises(Conflict) as refusal:
        call_permit(request)

    assert refusal.value.code == "key_refused"


def test_key_that_is_entered_anew_is_used_again(make_key, user, admitted, call_request, refused):
    key = make_key()
    record_commit(refused())

    key_change(key_id=key.pk, user_id=user.pk, changes={"api_key": "sk-another-0123456789"})

    assert state_of(key) == (False, "", False)
    assert call_permit(call_request(admitted())).api_key == "sk-another-0123456789"


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, GOOD), (401, BAD), (503, (False, "provider_failed", True))],
    ids=["good", "bad", "no-answer"],
)
def test_only_a_good_validation_lets_the_key_be_used_again(make_key, user, refused, provider, status, state):
    key = make_key()
    record_commit(refused())
    provider.status = status

    key_validate(key_id=key.pk, user_id=user.pk)

    assert state_of(key) == state


def test_validation_that_is_refused_marks_the_key_too(make_key, user, admitted, provider):
    key = make_key()
    provider.status = 401

    key_validate(key_id=key.pk, user_id=user.pk)

    assert state_of(key) == BAD
    with pytest.raises(Conflict) as refusal:
        admitted()
    assert refusal.value.code == "key_refused"


def test_permit_names_the_provider_and_the_text_of_an_own_key_alone(make_key, admitted, call_request):
    assert call_permit(call_request(admitted())).own_key is None
    key = make_key()

    own = call_permit(call_request(admitted())).own_key

    assert own is not None
    assert (own.provider, own.version) == ("openai", key.entered_at.isoformat())
    assert GOOD_KEY not in own.version
