"""ChatSession: a thread's metadata, its figures, and what of the examples concerns sessions.

By meaning, not by letter: sums over two relations use subqueries, under names of their own (`ledger_cost`),
because `total_cost` is the session's own column; history is read through the bridge.
"""

import uuid
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache

from controlplane.accounts.models import CustomUser
from controlplane.chat.history import read_history
from controlplane.chat.models import ChatSession
from controlplane.chat.selectors import session_read
from controlplane.chat.services import session_create
from controlplane.usage.models import TokenUsage

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> CustomUser:
    return CustomUser.objects.create_user("ada@example.com")


@pytest.fixture
def session(owner) -> ChatSession:
    return ChatSession.objects.create(user=owner, title="Python Help", model_name="gpt-4o", temperature=0.7)


def test_create_session(owner):
    session = ChatSession.objects.create(user=owner, title="Test Chat")

    assert session.thread_id == str(session.id)


def test_key_fields(session, owner):
    assert isinstance(session.id, uuid.UUID)
    assert (session.user, session.title) == (owner, "Python Help")
    assert (session.model_name, session.temperature) == ("gpt-4o", 0.7)
    # Neither on nor off: as its owner prefers.
    assert session.enable_summarization is None
    assert (session.message_count, session.total_tokens_used) == (0, 0)
    assert (session.is_active, session.is_archived, session.is_pinned) == (True, False, False)


def test_update_analytics(session):
    session.update_analytics(message_count=1, tokens_used=150)

    assert (session.message_count, session.total_tokens_used) == (1, 150)
    stored = ChatSession.objects.get()
    assert (stored.message_count, stored.total_tokens_used) == (1, 150)


def test_update_analytics_takes_its_arguments_in_order(session):
    session.update_analytics(1, 150)
    session.update_analytics(1, 150)

    assert (session.message_count, session.total_tokens_used) == (2, 300)


def test_new_session_of_the_user_s_own_defaults(owner):
    session_config = owner.ai_preferences.get_session_config()

    session = ChatSession.objects.create(user=owner, **session_config)

    assert ChatSession.objects.get() == session


def test_prompt_of_a_session_is_kept(session):
    session.custom_system_prompt = "Answer in two sentences."
    session.save()

    assert ChatSession.objects.get().custom_system_prompt == "Answer in two sentences."


def test_metadata_and_messages_together(owner, agent_server):
    """By meaning: the messages come from the Agent Server through the bridge, as the checkpointer's do."""
    session = async_to_sync(session_create)(owner=owner, settings={"title": "Python Help"})

    history = async_to_sync(read_history)(session=session, reader=owner, limit=10)

    assert (str(history.thread_id), history.messages) == (session.thread_id, ())


def test_metadata_is_cached_for_five_minutes(session, owner):
    session_read(session_id=session.id, owner_id=owner.id)

    name = f"chat_session_{session.id}"
    assert cache.get(name) is not None
    assert 290 < cache._cache.get_client(name).ttl(cache.make_key(name)) <= 300


def test_related_data_is_prefetched(session, owner, django_assert_num_queries):
    TokenUsage.objects.create(user=owner, chat_session=session, model_name="gpt-4o", prompt_tokens=5)

    with django_assert_num_queries(2):
        (found,) = (
            ChatSession.objects.filter(user=owner).select_related("user").prefetch_related("token_usage")
        )
        assert (found.user, len(found.token_usage.all())) == (owner, 1)


def test_aggregates_are_annotated(session, owner):
    """By meaning: one subquery per relation; a join of both would multiply the cost."""
    for _ in range(2):
        TokenUsage.objects.create(user=owner, chat_session=session, model_name="gpt-4o", total_cost="0.25")

    found = ChatSession.objects.filter(user=owner).with_totals().get()

    assert (found.ledger_cost, found.feedback_count) == (Decimal("0.5"), 0)
