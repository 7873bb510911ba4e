"""Embeddings are metered: by the provider's figures, by nothing for a refusal, by the estimate otherwise."""

from decimal import Decimal

import pytest

from controlplane.embeddings.client import MOST_TEXTS, texts_embed
from controlplane.embeddings.errors import EmbeddingsRefused, EmbeddingsUnavailable
from controlplane.errors import Conflict, Invalid, LimitReached
from controlplane.language_models.models import AllowedModel
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.embeddings.server import embeddings_listening
from tests.controlplane.provider_keys.fixtures import make_key
from tests.controlplane.provider_keys.provider_server import GOOD_KEY
from tests.ports import free_ports
from tests.scripted_model import attempt_id

MODEL = "text-embedding-3-small"
TEXTS = ["a text of some words", "another"]  # 27 bytes: 9 tokens are set aside


@pytest.fixture(autouse=True)
def listed(db):
    """Whose model it is says the list alone: the price table knows homes of chat models."""
    AllowedModel.objects.create(name=MODEL, provider="openai", is_active=True)


@pytest.fixture
def house(settings):
    with embeddings_listening() as listening:
        settings.EMBEDDINGS_BASE_URL, settings.OPENAI_API_KEY = listening.base_url, "sk-house"
        yield listening


@pytest.fixture
def users_own(settings, make_key):
    with embeddings_listening() as listening:
        settings.PROVIDER_BASE_URLS = {"openai": (listening.base_url,)}
        settings.PROVIDER_PRIVATE_ADDRESSES = ["127.0.0.0/8"]
        listening.key = make_key(is_default=True)
        yield listening


def booked() -> tuple[str, str, int, bool]:
    row, counter = TokenUsage.objects.get(), DailyCounter.objects.get()
    assert (row.state, row.run_id, row.request_type) == ("settled", None, "embedding")
    assert (counter.reserved_tokens, counter.reserved_cost, counter.tokens) == (0, 0, row.total_tokens)
    return row.outcome, row.provider, row.total_tokens, row.is_estimated


def test_texts_get_their_vectors_in_order_and_are_billed_as_the_provider_says(user, house):
    embeddings = texts_embed(TEXTS, user_id=user.pk, model=MODEL)

    assert embeddings.vectors == [[0.0, 0.5], [1.0, 0.5]]
    assert booked() == ("finished", "openai", 7, False)
    row = TokenUsage.objects.get()
    assert (row.pk, row.user_id, row.total_cost) == (embeddings.attempt_id, user.pk, Decimal("0.00000014"))
    ((headers, content),) = house.asked
    assert (headers["path"], headers["authorization"]) == ("/v1/embeddings", "Bearer sk-house")
    assert headers["x-client-request-id"] == str(embeddings.attempt_id)
    assert content == {"model": MODEL, "input": TEXTS, "encoding_format": "float"}


def test_provider_that_tells_no_usage_is_billed_by_estimate(user, house):
    house.usage = None
    texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert booked() == ("finished", "openai", 9, True)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, EmbeddingsRefused, "embeddings_refused"),
        (401, EmbeddingsRefused, "embeddings_refused"),
        (302, EmbeddingsRefused, "embeddings_refused"),
        (429, EmbeddingsUnavailable, "embeddings_rate_limited"),
        (503, EmbeddingsUnavailable, "embeddings_unavailable"),
    ],
)
def test_refused_request_costs_nothing(user, house, status, error, code):
    house.status, house.body = status, b"sk-house is wrong"
    with pytest.raises(error) as refusal:
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert (refusal.value.code, "sk-house" in str(refusal.value)) == (code, False)
    assert booked() == ("failed", "openai", 0, False)


def test_server_that_is_not_there_costs_nothing(user, settings):
    (port,) = free_ports(1)
    settings.EMBEDDINGS_BASE_URL = f"http://127.0.0.1:{port}/v1"
    with pytest.raises(EmbeddingsUnavailable):
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert booked() == ("failed", "openai", 0, False)


def test_line_that_breaks_after_the_request_is_billed_by_estimate(user, house):
    house.hangs_up = True
    with pytest.raises(EmbeddingsUnavailable):
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert booked() == ("failed", "openai", 9, True)


def test_server_that_is_silent_is_billed_by_estimate(user, house, monkeypatch):
    monkeypatch.setattr("controlplane.embeddings.client.LONGEST_CALL", 0.0)
    with pytest.raises(EmbeddingsUnavailable) as refusal:
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert refusal.value.code == "embeddings_timed_out"
    assert booked() == ("failed", "openai", 9, True)


def test_answer_that_makes_no_sense_is_billed_by_estimate(user, house):
    house.body = b'{"data": []}'
    with pytest.raises(EmbeddingsUnavailable):
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert booked() == ("failed", "openai", 9, True)


@pytest.mark.parametrize("name", ["DAILY_TOKEN_LIMIT", "MONTHLY_TOKEN_LIMIT"])
def test_used_up_budget_sends_and_writes_nothing(user, house, settings, name):
    setattr(settings, name, 8)
    with pytest.raises(LimitReached):
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert (house.asked, TokenUsage.objects.count()) == ([], 0)


def test_model_without_a_price_is_refused_where_money_is_limited(user, house, settings):
    settings.DAILY_COST_LIMIT = Decimal(100)
    with pytest.raises(Conflict) as refusal:
        texts_embed(TEXTS, user_id=user.pk, model="house-blend")
    assert refusal.value.code == "model_unpriced"
    assert (house.asked, TokenUsage.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    "texts", [[], [" "], ["x"] * (MOST_TEXTS + 1), ["x" * 4_000_001]], ids=["none", "blank", "many", "long"]
)
def test_texts_that_do_not_fit_are_not_sent(user, house, texts):
    with pytest.raises(Invalid) as refusal:
        texts_embed(texts, user_id=user.pk, model=MODEL)
    assert list(refusal.value.fields) == ["texts"]
    assert (house.asked, TokenUsage.objects.count()) == ([], 0)


def test_user_s_own_key_goes_to_its_own_address_and_costs_the_house_nothing(user, house, users_own):
    texts_embed(TEXTS, user_id=user.pk, model=MODEL)

    ((headers, _),) = users_own.asked
    assert (headers["authorization"], house.asked) == (f"Bearer {GOOD_KEY}", [])
    assert booked() == ("finished", "openai", 7, False)
    assert TokenUsage.objects.get().provider_key_id == users_own.key.pk
    assert DailyCounter.objects.get().cost == 0
    users_own.key.refresh_from_db()
    assert (users_own.key.usage_count, users_own.key.total_tokens_used) == (1, 7)


def test_own_key_that_the_provider_refuses_is_marked_and_not_tried_again(user, house, users_own):
    users_own.status = 401
    for _ in range(2):
        with pytest.raises(Conflict) as refusal:
            texts_embed(TEXTS, user_id=user.pk, model=MODEL)
        assert refusal.value.code == "key_refused"

    users_own.key.refresh_from_db()
    assert users_own.key.refused_at is not None
    assert (len(users_own.asked), house.asked) == (1, [])
    assert booked() == ("failed", "openai", 0, False)


def test_own_key_is_not_sent_into_our_own_networks(user, users_own, settings):
    settings.PROVIDER_PRIVATE_ADDRESSES = []
    with pytest.raises(EmbeddingsRefused):
        texts_embed(TEXTS, user_id=user.pk, model=MODEL)
    assert users_own.asked == []
    assert booked() == ("failed", "openai", 0, False)


def test_scripted_model_knows_the_call_by_its_attempt(user, scripted_model, settings):
    scripted_model.script({"match": {"inputText": "embed-me-once"}, "response": {"embedding": [0.25, -1.0]}})
    settings.EMBEDDINGS_BASE_URL = scripted_model.url
    embeddings = texts_embed(["embed-me-once"], user_id=user.pk, model=MODEL)
    assert embeddings.vectors == [[0.25, -1.0]]
    sent = [attempt_id(one) for one in scripted_model.journal() if one["path"].endswith("/embeddings")]
    assert str(embeddings.attempt_id) in sent


__all__ = ["make_key"]
