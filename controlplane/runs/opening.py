"""Opens calls in the ledger, of runs and others: sets their worst case aside and writes their rows."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from controlplane.accounts.models import CustomUser
from controlplane.provider_keys import counters as key_counters
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.providers import provider_of_model
from controlplane.runs.models import Run
from controlplane.usage import counters
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.pricing import TokenCounts, price_call


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A call that is about to be made, and the most that it may use; without a run it belongs to none."""

    attempt_id: UUID
    request_type: str
    model: str
    worst_case: TokenCounts
    node: str = ""
    run: Run | None = None


def call_open(opening: Opening, *, payer: CustomUser | None, own_key: UserAPIKey | None) -> TokenUsage:
    """Reserve a call's worst case and write its row, within the caller's transaction.

    Nobody's budget is touched where nobody pays. Raises LimitReached, Conflict `model_unpriced`.
    """
    tokens = opening.worst_case
    provider = own_key.provider if own_key else provider_of_model(opening.model)
    cost = price_call(opening.model, tokens, provider=provider or None)
    # What a user's own key costs is not the house's money.
    house_cost = Decimal(0) if own_key else cost.total or Decimal(0)
    amount = Amount(tokens=tokens.prompt + tokens.completion, cost=house_cost)
    is_priced = cost.is_priced or settings.UNPRICED_MODELS_ARE_FREE
    counter = _reserve(payer, amount, is_house_paid=own_key is None, is_priced=is_priced)
    return TokenUsage.objects.create(
        id=opening.attempt_id,
        user_id=payer.pk if payer else None,
        chat_session_id=opening.run.session_id if opening.run else None,
        run=opening.run,
        state=TokenUsage.State.PENDING,
        outcome=TokenUsage.Outcome.UNKNOWN,
        request_type=opening.request_type,
        provider=provider,
        model_name=opening.model,
        node=opening.node,
        # Until a record says what it was, the worst case is the estimate.
        is_estimated=True,
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        reserved_tokens=amount.tokens if counter else 0,
        reserved_cost=amount.cost if counter else Decimal(0),
        counter=counter,
        provider_key=own_key,
        key_counter=key_counters.reserve(own_key, tokens=amount.tokens) if own_key else None,
        prompt_cost=cost.prompt,
        completion_cost=cost.completion,
        total_cost=cost.total,
        is_priced=cost.is_priced,
    )


def _reserve(
    payer: CustomUser | None, amount: Amount, *, is_house_paid: bool, is_priced: bool
) -> DailyCounter | None:
    if payer is None:
        return None
    return counters.reserve(payer, amount, is_house_paid=is_house_paid, is_priced=is_priced)
