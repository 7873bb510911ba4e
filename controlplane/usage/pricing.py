"""What a model call costs: prices kept in the ledger, then the settings', then the table of genai-prices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from genai_prices import Usage

from controlplane.language_models.price_table import FALLBACK_PROVIDER, table_price, table_rates
from controlplane.usage.model_prices import ModelPrice

MILLION = Decimal(1_000_000)
# The ledger's columns hold nine decimals: a thousandth of a micro-dollar.
SMALLEST = Decimal("0.000000001")


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """Tokens of one call; cached ones are part of the prompt, reasoning ones part of the completion."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0

    @property
    def cached_at_most(self) -> int:
        """The cached ones; a provider may well report a part that is larger than the whole."""
        return min(self.cached, self.prompt)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """US dollars of one call; all None when no price is known."""

    prompt: Decimal | None
    completion: Decimal | None
    total: Decimal | None

    @property
    def is_priced(self) -> bool:
        """Whether a price was known. A price of 0 is one."""
        return self.total is not None


class HouseRates(Protocol):
    """A price of the house, whether a row or a setting keeps it; US dollars per million tokens."""

    @property
    def input_mtok(self) -> Decimal: ...

    @property
    def cached_input_mtok(self) -> Decimal | None: ...

    @property
    def output_mtok(self) -> Decimal: ...


@dataclass(frozen=True, kw_only=True)
class ShownRates:
    """What a million tokens of a model cost, for people to read, and who says so."""

    input_mtok: Decimal | None
    cached_input_mtok: Decimal | None
    output_mtok: Decimal | None
    source: str


UNPRICED = Cost(prompt=None, completion=None, total=None)


class PriceBook:
    """The prices of some models: those that the ledger keeps are read once, in one query."""

    def __init__(self, model_names: Iterable[str]) -> None:
        self._kept: dict[tuple[str, str], list[ModelPrice]] = {}
        rows = ModelPrice.objects.filter(model_name__in=set(model_names)).order_by("-valid_from")
        for row in rows:
            self._kept.setdefault((row.model_name, row.provider), []).append(row)

    def price(self, model_name: str, tokens: TokenCounts, *, provider: str | None, at: datetime) -> Cost:
        """Price one call that was made at that moment."""
        rates = self._rates_of_house(model_name, provider, at)
        if rates is not None:
            cached = tokens.cached_at_most
            cached_rate = rates.input_mtok if rates.cached_input_mtok is None else rates.cached_input_mtok
            prompt = ((tokens.prompt - cached) * rates.input_mtok + cached * cached_rate) / MILLION
            return _cost(prompt, tokens.completion * rates.output_mtok / MILLION)
        priced = table_price(model_name, _as_usage(tokens), provider=provider, at=at)
        return UNPRICED if priced is None else _cost(*priced)

    def rates(self, model_name: str, *, provider: str | None, at: datetime) -> ShownRates | None:
        """Say what a model costs at that moment; None when no price is known."""
        house = self._rates_of_house(model_name, provider, at)
        found = house or table_rates(model_name, provider=provider, at=at)
        if found is None:
            return None
        return ShownRates(
            input_mtok=found.input_mtok,
            cached_input_mtok=found.cached_input_mtok,
            output_mtok=found.output_mtok,
            source="genai_prices" if house is None else "house",
        )

    def _rates_of_house(self, model_name: str, provider: str | None, at: datetime) -> HouseRates | None:
        """Find a row that is valid, the provider's own before one for any; then what the settings say."""
        for candidate in (provider, "") if provider else ("", FALLBACK_PROVIDER):
            for row in self._kept.get((model_name, candidate), ()):
                if row.valid_from <= at:
                    return row
        of_settings: HouseRates | None = settings.MODEL_PRICES.get(model_name)
        return of_settings


def price_call(
    model_name: str, tokens: TokenCounts, *, provider: str | None = None, at: datetime | None = None
) -> Cost:
    """Price one call by the prices of its moment, in one query; without a moment, of now.

    Without a provider, the model's name alone has to be known.
    """
    return PriceBook([model_name]).price(model_name, tokens, provider=provider, at=at or timezone.now())


def _as_usage(tokens: TokenCounts) -> Usage:
    # The table refuses parts that are larger than the whole.
    return Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.completion,
        cache_read_tokens=tokens.cached_at_most,
        output_reasoning_tokens=min(tokens.reasoning, tokens.completion),
    )


def _cost(prompt: Decimal, completion: Decimal) -> Cost:
    prompt, completion = prompt.quantize(SMALLEST), completion.quantize(SMALLEST)
    return Cost(prompt=prompt, completion=completion, total=prompt + completion)
