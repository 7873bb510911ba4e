"""The one door to genai-prices: which models it knows, and what it says that they cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider

# Every model is reached by OpenAI's protocol, so a name without a provider is looked up there last.
FALLBACK_PROVIDER = "openai"


@dataclass(frozen=True, kw_only=True)
class ListedModel:
    """A model of the table, under the name by which its provider is asked for it."""

    name: str
    provider: str
    title: str
    context_length: int | None


@dataclass(frozen=True, kw_only=True)
class TableRates:
    """US dollars per million tokens, of tiered prices the lowest; None where the table says nothing."""

    input_mtok: Decimal | None
    cached_input_mtok: Decimal | None
    output_mtok: Decimal | None


def listed_models() -> Iterator[ListedModel]:
    """Give every model that is offered still; a name that several providers have comes once for each."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            # An id that the model's own rule does not match stands for a family of names.
            if not model.deprecated and model.is_match(model.id):
                yield ListedModel(
                    name=model.id,
                    provider=provider.id,
                    title=model.name or "",
                    context_length=model.context_window,
                )


def home_of(model_name: str) -> str | None:
    """Give the provider that a model's name alone leads to, or None."""
    try:
        return get_snapshot().find_provider(model_name, None, None).id
    except LookupError:
        return None


def table_price(
    model_name: str, usage: Usage, *, provider: str | None, at: datetime
) -> tuple[Decimal, Decimal] | None:
    """Price the prompt and the completion of one call, in US dollars; None when no price is known."""
    found = _find(model_name, provider)
    if found is None:
        return None
    price = calc_price(usage, model_name, provider_id=found[0], genai_request_timestamp=at)
    return price.input_price, price.output_price


def table_rates(model_name: str, *, provider: str | None, at: datetime) -> TableRates | None:
    """Give what a million tokens cost; None when no price is known."""
    found = _find(model_name, provider)
    if found is None:
        return None
    prices = found[1].get_prices(at)
    return TableRates(
        input_mtok=_lowest(prices, "input_mtok"),
        cached_input_mtok=_lowest(prices, "cache_read_mtok"),
        output_mtok=_lowest(prices, "output_mtok"),
    )


def _find(model_name: str, provider: str | None) -> tuple[str | None, ModelInfo] | None:
    candidates = (provider,) if provider else (None, FALLBACK_PROVIDER)
    for candidate in candidates:
        try:
            found: tuple[Provider, ModelInfo] = get_snapshot().find_provider_model(
                model_name, None, candidate, None
            )
        except LookupError:
            continue
        return candidate, found[1]
    return None


def _lowest(prices: ModelPrice, key: str) -> Decimal | None:
    rate = getattr(prices, key)
    return rate if rate is None or isinstance(rate, Decimal) else rate.base
