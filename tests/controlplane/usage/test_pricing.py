"""Prices: the house's first, then the table's, and never a silent zero."""

from decimal import Decimal

import pytest

from controlplane.config.environment import ModelPrice
from controlplane.usage.models import TokenUsage
from controlplane.usage.pricing import TokenCounts, price_call

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tokens", "prompt", "completion"),
    [
        pytest.param(TokenCounts(prompt=1000, completion=100), "0.002500000", "0.001000000", id="plain"),
        pytest.param(
            TokenCounts(prompt=1000, completion=100, cached=1000), "0.001250000", "0.001000000", id="cached"
        ),
        pytest.param(
            TokenCounts(prompt=1000, completion=100, cached=4000),
            "0.001250000",
            "0.001000000",
            id="more cached than sent",
        ),
        pytest.param(
            TokenCounts(prompt=1000, completion=100, reasoning=80),
            "0.002500000",
            "0.001000000",
            id="reasoning",
        ),
        pytest.param(TokenCounts(prompt=0, completion=0), "0", "0", id="nothing"),
    ],
)
def test_known_model_is_priced_by_the_table(tokens, prompt, completion):
    cost = price_call("gpt-4o", tokens, provider="openai")
    assert (cost.prompt, cost.completion) == (Decimal(prompt), Decimal(completion))
    assert cost.total == Decimal(prompt) + Decimal(completion)
    assert cost.is_priced


def test_price_of_the_house_goes_first(settings):
    settings.MODEL_PRICES = {"gpt-4o": ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(2))}
    cost = price_call("gpt-4o", TokenCounts(prompt=1_000_000, completion=500_000))
    assert (cost.prompt, cost.completion, cost.total) == (Decimal(1), Decimal(1), Decimal(2))


def test_price_of_zero_is_a_price(settings):
    settings.MODEL_PRICES = {"own": ModelPrice(input_mtok=Decimal(0), output_mtok=Decimal(0))}
    cost = price_call("own", TokenCounts(prompt=10, completion=10))
    assert cost.is_priced
    assert cost.total == 0


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        pytest.param("no-such-model", None, id="unknown model"),
        pytest.param("no-such-model", "openai", id="unknown model of a known provider"),
        pytest.param("gpt-4o", "no-such-provider", id="unknown provider"),
    ],
)
def test_unknown_price_is_said_to_be_unknown(model, provider):
    cost = price_call(model, TokenCounts(prompt=10, completion=10), provider=provider)
    assert not cost.is_priced
    assert (cost.prompt, cost.completion, cost.total) == (None, None, None)


def test_embedding_model_is_priced_without_a_provider():
    cost = price_call("text-embedding-3-small", TokenCounts(prompt=1_000_000, completion=0))
    assert cost.total == Decimal("0.02")


def test_calculate_cost_gives_the_fields_of_a_row(user):
    costs = TokenUsage.calculate_cost(model_name="gpt-4o", prompt_tokens=150, completion_tokens=75)
    assert costs == {
        "prompt_cost": Decimal("0.000375"),
        "completion_cost": Decimal("0.00075"),
        "total_cost": Decimal("0.001125"),
        "is_priced": True,
    }
    row = TokenUsage.objects.create(
        user=user, model_name="gpt-4o", prompt_tokens=150, completion_tokens=75, **costs
    )
    row.refresh_from_db()
    assert (row.total_tokens, row.total_cost, row.state) == (225, Decimal("0.001125"), "settled")
