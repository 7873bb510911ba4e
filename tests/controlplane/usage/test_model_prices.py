"""Prices that the ledger keeps: each from its moment on, the provider's own first, never changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from controlplane.config.environment import ModelPrice as PriceOfSettings
from controlplane.usage.models import ModelPrice, TokenUsage
from controlplane.usage.pricing import TokenCounts, price_call
from controlplane.usage.services import price_add, prices_withdraw

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKENS = TokenCounts(prompt=1_000_000, completion=1_000_000)


def keep(
    rate: int, *, at: datetime = NOON, provider: str = "", model: str = "gpt-4o", **fields
) -> ModelPrice:
    return price_add(
        model_name=model,
        provider=provider,
        input_mtok=Decimal(rate),
        output_mtok=Decimal(rate),
        valid_from=at,
        **fields,
    )


def total(**options) -> Decimal | None:
    return price_call("gpt-4o", TOKENS, **options).total


def test_kept_price_goes_before_settings_and_table(settings):
    assert total(at=NOON) == Decimal("12.5")
    settings.MODEL_PRICES = {"gpt-4o": PriceOfSettings(input_mtok=Decimal(3), output_mtok=Decimal(3))}
    assert total(at=NOON) == 6
    keep(1)
    assert total(at=NOON) == 2


def test_price_holds_from_its_moment_until_the_next():
    keep(1)
    keep(2, at=NOON + timedelta(days=1))

    moments = [NOON - timedelta(seconds=1), NOON, NOON + timedelta(hours=23), NOON + timedelta(days=1)]
    assert [total(at=moment) for moment in moments] == [Decimal("12.5"), 2, 2, 4]


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        pytest.param("azure", 4, id="its own"),
        pytest.param("openai", 6, id="another's own"),
        pytest.param("groq", 2, id="none of its own"),
        pytest.param(None, 2, id="not named"),
    ],
)
def test_price_of_the_provider_goes_first(provider, expected):
    keep(1, at=NOON + timedelta(hours=1))
    keep(2, provider="azure")
    keep(3, provider="openai")

    assert total(at=NOON + timedelta(days=1), provider=provider) == expected


def test_cached_tokens_have_a_price_of_their_own():
    keep(2, cached_input_mtok=Decimal("0.5"))
    tokens = TokenCounts(prompt=1_000_000, completion=0, cached=400_000)

    assert price_call("gpt-4o", tokens, at=NOON).prompt == Decimal("1.4")


def test_cached_tokens_cost_as_any_when_nothing_else_is_said():
    keep(2)
    tokens = TokenCounts(prompt=1_000_000, completion=0, cached=9_000_000)

    assert price_call("gpt-4o", tokens, at=NOON).prompt == 2


def test_table_is_asked_for_the_price_of_the_moment():
    old, new = (
        price_call("deepseek-chat", TOKENS, provider="deepseek", at=at).total
        for at in (datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 3, 1, 20, tzinfo=UTC))
    )
    assert None not in (old, new)
    assert old != new


def test_pricing_takes_one_query(django_assert_num_queries):
    for day in range(5):
        keep(day, at=NOON - timedelta(days=day))
    with django_assert_num_queries(1):
        TokenUsage.calculate_cost("gpt-4o", 10, 10)


def test_new_price_holds_at_once():
    assert total() == Decimal("12.5")
    keep(1)
    assert total() == 2


def test_price_that_has_begun_is_not_taken_back():
    begun, coming = keep(1), keep(2, at=timezone.now() + timedelta(days=1))

    assert prices_withdraw(price_ids=[begun.pk, coming.pk]) == 1
    assert list(ModelPrice.objects.all()) == [begun]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"rate": -1}, "input_mtok", id="negative"),
        pytest.param({"rate": 100_001}, "input_mtok", id="too-high"),
        pytest.param({"rate": 1, "cached_input_mtok": Decimal(-1)}, "cached_input_mtok", id="cached"),
        pytest.param({"rate": 1, "model": ""}, "model_name", id="no-model"),
        pytest.param({"rate": 1}, "__all__", id="twice-at-once"),
    ],
)
def test_price_that_makes_no_sense_is_refused(fields, named):
    keep(5)
    with pytest.raises(ValidationError) as refused:
        keep(**fields)
    assert named in refused.value.message_dict
    assert ModelPrice.objects.count() == 1


def test_database_takes_no_negative_price():
    with pytest.raises(IntegrityError, match="usage_price_not_negative"), transaction.atomic():
        ModelPrice.objects.create(model_name="m", input_mtok=-1, output_mtok=1, valid_from=NOON)


def test_dearest_call_fits_into_the_ledger(user):
    keep(100_000, at=NOON)
    costs = TokenUsage.calculate_cost("gpt-4o", 1_000_000_000, 1_000_000_000)
    TokenUsage.objects.create(user=user, model_name="gpt-4o", **costs)

    assert TokenUsage.objects.get().total_cost == 200_000_000
