"""A session's figures: added up by many at once, never read from an old copy, compared with the ledger."""

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlplane.chat.models import ChatSession
from controlplane.chat.selectors import session_read
from controlplane.chat.services import session_archive, session_change, session_delete, session_pin
from controlplane.errors import Gone, NotFound
from controlplane.runs.mirror import run_end, run_roll_back
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage
from tests.controlplane.in_parallel import in_parallel


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_many_add_at_once(make_user):
    session = ChatSession.objects.create(user=make_user())

    def add(number: int) -> None:
        mine = ChatSession.objects.get(pk=session.pk)
        for _ in range(5):
            mine.update_analytics(message_count=1, tokens_used=150, cost=Decimal("0.000000001"))

    assert in_parallel(6, add) == [None] * 6
    session.refresh_from_db()
    assert (session.message_count, session.total_tokens_used) == (30, 4500)
    assert session.total_cost == Decimal("0.000000030")


def test_second_reading_comes_from_the_cache(user):
    session = ChatSession.objects.create(user=user, title="Tea", tags=["green"], temperature=0.5)
    first = session_read(session_id=session.pk, owner_id=user.pk)
    assert cache.get(f"chat_session_{session.pk}") is not None

    with CaptureQueriesContext(connection) as queries:
        second = session_read(session_id=session.pk, owner_id=user.pk)

    assert len(queries) == 1
    assert "custom_system_prompt" not in queries[0]["sql"]
    names = [field.attname for field in ChatSession._meta.concrete_fields]
    assert [getattr(second, name) for name in names] == [getattr(first, name) for name in names]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda s: session_change(session_id=s.pk, owner_id=s.user_id, changes={"title": "New"}), id="rest"
        ),
        pytest.param(lambda s: session_archive(session_id=s.pk, owner_id=s.user_id), id="archive"),
        pytest.param(lambda s: session_pin(session_id=s.pk, owner_id=s.user_id), id="pin"),
        pytest.param(lambda s: s.update_analytics(message_count=1, tokens_used=150), id="settlement"),
        pytest.param(lambda s: ChatSession.objects.filter(pk=s.pk).update(title="New"), id="any-statement"),
    ],
)
def test_every_change_is_seen_at_once(user, change):
    session = ChatSession.objects.create(user=user, title="Tea")
    session_read(session_id=session.pk, owner_id=user.pk)

    change(session)

    shown = session_read(session_id=session.pk, owner_id=user.pk)
    stored = ChatSession.objects.values().get()
    assert {name: getattr(shown, name) for name in stored} == stored


def test_deleted_and_foreign_sessions_are_not_shown_though_cached(user, stranger):
    session = ChatSession.objects.create(user=user)
    session_read(session_id=session.pk, owner_id=user.pk)

    with pytest.raises(NotFound):
        session_read(session_id=session.pk, owner_id=stranger.pk)
    session_delete(session_id=session.pk, owner_id=user.pk)
    with pytest.raises(Gone):
        session_read(session_id=session.pk, owner_id=user.pk)


def test_figures_of_two_relations_do_not_multiply_each_other(user):
    session, other = (ChatSession.objects.create(user=user, title=title) for title in ("Tea", "Coffee"))
    for cost in ("0.5", "0.25", None):
        TokenUsage.objects.create(
            user=user, chat_session=session, model_name="gpt-4o", prompt_tokens=5, total_cost=cost
        )
    ratings = rate(session, user)

    totals = ChatSession.objects.with_totals().order_by("-title")

    assert list(totals.values_list("title", "ledger_cost", "ledger_tokens", "feedback_count")) == [
        ("Tea", Decimal("0.75"), 15, ratings),
        ("Coffee", Decimal(0), 0, 0),
    ]
    assert other.pk in set(totals.values_list("pk", flat=True))


def rate(session: ChatSession, user) -> int:
    """Rate two messages where ratings are kept; returns how many there are."""
    relation = ChatSession._meta.fields_map.get("message_feedback")
    if relation is None:
        return 0
    for number in range(2):
        relation.related_model.objects.create(
            user=user, chat_session=session, checkpoint_id="c", message_index=number, rating="thumbs_up"
        )
    return 2


def test_end_of_a_run_asks_for_the_index_once(user):
    session = ChatSession.objects.create(user=user)
    run = Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    now = timezone.now()
    for _ in range(2):
        run_end(run_id=run.pk, status="interrupted", ended_at=now)
    session.refresh_from_db()
    assert session.index_wanted == 1

    run_roll_back(run_id=run.pk, started_at=now, ended_at=now)

    session.refresh_from_db()
    assert session.index_wanted == 2
