"""What a model call costs: the house's own prices first, then the price table of genai-prices."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from genai_prices import Usage, calc_price

MILLION = Decimal(1_000_000)
# The ledger's columns hold nine decimals: a thousandth of a micro-dollar.
SMALLEST = Decimal("0.000000001")
# Every model is reached by OpenAI's protocol, so a name without a provider is looked up there last.
FALLBACK_PROVIDER = "openai"


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """Tokens of one call; cached ones are part of the prompt, reasoning ones part of the completion."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0


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


UNPRICED = Cost(prompt=None, completion=None, total=None)


def price_call(model_name: str, tokens: TokenCounts, *, provider: str | None = None) -> Cost:
    """Price one call. Without a provider, the model's name alone has to be known."""
    house = settings.MODEL_PRICES.get(model_name)
    if house is not None:
        prompt = tokens.prompt * house.input_mtok / MILLION
        return _cost(prompt, tokens.completion * house.output_mtok / MILLION)
    candidates = (provider,) if provider else (None, FALLBACK_PROVIDER)
    for candidate in candidates:
        cost = _look_up(model_name, tokens, candidate)
        if cost.is_priced:
            return cost
    return UNPRICED


def _look_up(model_name: str, tokens: TokenCounts, provider: str | None) -> Cost:
    usage = Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.completion,
        # The table refuses parts that are larger than the whole, which a provider may well report.
        cache_read_tokens=min(tokens.cached, tokens.prompt),
        output_reasoning_tokens=min(tokens.reasoning, tokens.completion),
    )
    try:
        price = calc_price(usage, model_name, provider_id=provider)
    except LookupError:
        return UNPRICED
    return _cost(price.input_price, price.output_price)


def _cost(prompt: Decimal, completion: Decimal) -> Cost:
    prompt, completion = prompt.quantize(SMALLEST), completion.quantize(SMALLEST)
    return Cost(prompt=prompt, completion=completion, total=prompt + completion)
