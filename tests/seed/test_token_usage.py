"""TokenUsage: costs are worked out and stored, and limits are looked at before a request."""

from decimal import Decimal

import pytest

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from controlplane.usage.models import TokenUsage

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> CustomUser:
    return CustomUser.objects.create_user("ada@example.com")


@pytest.fixture
def session(owner) -> ChatSession:
    return ChatSession.objects.create(user=owner, title="Test Chat")


def test_calculate_and_store_usage(owner, session):
    costs = TokenUsage.calculate_cost(model_name="gpt-4o", prompt_tokens=150, completion_tokens=75)
    TokenUsage.objects.create(
        user=owner,
        chat_session=session,
        model_name="gpt-4o",
        prompt_tokens=150,
        completion_tokens=75,
        **costs,
    )

    usage = TokenUsage.objects.get()
    assert (usage.user, usage.chat_session, usage.request_type) == (owner, session, "chat")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (150, 75, 225)
    assert (usage.prompt_cost, usage.completion_cost) == (Decimal("0.000375"), Decimal("0.00075"))
    assert usage.total_cost == usage.prompt_cost + usage.completion_cost
    assert usage.response_time_ms is None


def test_calculate_cost_takes_its_arguments_in_order():
    assert TokenUsage.calculate_cost("gpt-4o", 150, 75) == TokenUsage.calculate_cost(
        model_name="gpt-4o", prompt_tokens=150, completion_tokens=75
    )


def test_check_user_limits_before_request(owner, settings):
    settings.DAILY_TOKEN_LIMIT = 250

    limit_check = TokenUsage.check_user_limits(owner, additional_tokens=200)
    assert limit_check["allowed"]
    assert limit_check["reason"] is None

    limit_check = TokenUsage.check_user_limits(owner, additional_tokens=300)
    assert not limit_check["allowed"]
    assert limit_check["reason"] == "Your daily limit of 250 tokens does not leave room for this."


def test_token_usage_calculation():
    costs = TokenUsage.calculate_cost(model_name="gpt-4o", prompt_tokens=100, completion_tokens=50)
    assert costs["total_cost"] > 0


def test_track_usage_with_langgraph(owner, session):
    """Follows the meaning: the ledger books calls itself, and both calls still work by hand."""
    TokenUsage.objects.create(user=owner, chat_session=session, model_name="gpt-4o", prompt_tokens=150)
    session.update_analytics(message_count=1, tokens_used=150)

    session.refresh_from_db()
    assert (session.message_count, session.total_tokens_used) == (1, 150)
    assert session.token_usage.count() == 1


def test_sessions_with_their_usage_prefetched(owner, session, django_assert_num_queries):
    """Follows the meaning: feedback's part of the example is its own test's."""
    for _ in range(3):
        TokenUsage.objects.create(user=owner, chat_session=session, model_name="gpt-4o")

    with django_assert_num_queries(2):
        sessions = (
            ChatSession.objects.filter(user=owner).select_related("user").prefetch_related("token_usage")
        )
        assert [len(one.token_usage.all()) for one in sessions] == [3]
