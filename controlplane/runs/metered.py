"""Meters model calls that the control plane makes itself, outside of runs, such as embeddings."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from uuid_utils.compat import uuid7

from controlplane.accounts.models import CustomUser
from controlplane.errors import Forbidden
from controlplane.provider_keys.errors import KeyUnreadable
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.use import OpenedKey, key_for_run, key_look_again, open_for_call
from controlplane.runs.booking import Fact, correctable_lock, fact_book
from controlplane.runs.ledger import LARGEST, estimate_commit
from controlplane.runs.opening import Opening, call_open
from controlplane.usage.models import TokenUsage
from controlplane.usage.pricing import TokenCounts, price_call

logger = structlog.get_logger(__name__)

# Longer than any call may take: what is pending then was left by a process that died.
ABANDONED_AFTER = timedelta(minutes=15)
CALLS_PER_SWEEP = 500
SECONDS_PER_SWEEP = 12.0

Outcome = TokenUsage.Outcome


@dataclass(kw_only=True)
class MeteredCall:
    """A call that is paid for: the key and address for it alone, and what is known of its end so far."""

    attempt_id: UUID
    base_url: str
    api_key: str = field(repr=False)
    own_key: UserAPIKey | None = field(default=None, repr=False)
    tokens: TokenCounts
    is_estimated: bool = True

    def note_usage(self, tokens: TokenCounts) -> None:
        """Take the provider's own figures."""
        self.tokens, self.is_estimated = tokens, False

    def note_refusal(self) -> None:
        """Know that no model saw the prompt: nothing was used."""
        self.note_usage(TokenCounts(prompt=0, completion=0))


@contextmanager
@sensitive_variables("call")
def metered_call(
    *,
    user_id: UUID,
    request_type: TokenUsage.RequestType,
    model: str,
    house_base_url: str,
    estimated_prompt_tokens: int,
    max_output_tokens: int = 0,
) -> Iterator[MeteredCall]:
    """Reserve a call's worst case, hand out its key, and book how it ended; all outside of transactions.

    What the body noted is booked, else the estimate; as `failed` when it raises. A process that dies leaves
    the call to the sweep. The key is the user's own default of the model's provider, else the house's.
    Raises Forbidden `user_inactive`, LimitReached, Conflict `key_inactive`, `key_refused`,
    `key_unreadable` or `model_unpriced`.
    """
    worst_case = TokenCounts(prompt=estimated_prompt_tokens, completion=max_output_tokens)
    opening = Opening(attempt_id=uuid7(), request_type=request_type, model=model, worst_case=worst_case)
    own = _open(opening, user_id)
    call = MeteredCall(
        attempt_id=opening.attempt_id,
        base_url=own.base_url if own else house_base_url,
        api_key=own.api_key if own else settings.OPENAI_API_KEY,
        own_key=own.key if own else None,
        tokens=worst_case,
    )
    began = time.monotonic()
    try:
        yield call
    except BaseException:
        call_settle(call, outcome=Outcome.FAILED, seconds=time.monotonic() - began)
        raise
    call_settle(call, outcome=Outcome.FINISHED, seconds=time.monotonic() - began)


def call_settle(call: MeteredCall, *, outcome: TokenUsage.Outcome, seconds: float) -> bool:
    """Book how a call outside of runs ended, even after the sweep's estimate; a repeat changes nothing."""
    tokens = TokenCounts(
        prompt=_within_columns(call.tokens.prompt), completion=_within_columns(call.tokens.completion)
    )
    with transaction.atomic():
        row = correctable_lock(call.attempt_id, None)
        if row is None:
            return False
        fact = Fact(
            outcome=outcome,
            tokens=tokens,
            cost=price_call(row.model_name, tokens, provider=row.provider or None, at=row.created_at),
            is_estimated=call.is_estimated,
            provider=row.provider,
            model_name=row.model_name,
            node=row.node,
            duration_ms=_within_columns(int(seconds * 1000)),
        )
        fact_book(row, fact)
    return True


def abandoned_calls_settle() -> int:
    """Book by estimate what dead processes left, as far as the time allows; returns how many calls."""
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    abandoned = TokenUsage.objects.pending().filter(
        run__isnull=True, created_at__lt=timezone.now() - ABANDONED_AFTER
    )
    settled = 0
    # In no order: one that cannot be settled does not keep the others waiting.
    for attempt_id in abandoned.order_by("?").values_list("pk", flat=True)[:CALLS_PER_SWEEP]:
        if time.monotonic() > deadline:
            break
        if estimate_commit(attempt_id=attempt_id, run_id=None):
            settled += 1
            logger.warning("call_settled_by_estimate", run_id=None, attempt_id=str(attempt_id))
    return settled


def _open(opening: Opening, user_id: UUID) -> OpenedKey | None:
    key: UserAPIKey | None = None
    try:
        # Within another transaction, a failure there would undo the row of a call that was made.
        with transaction.atomic(durable=True):
            payer = CustomUser.objects.filter(pk=user_id, is_active=True).first()
            if payer is None:
                raise Forbidden("The account is switched off.", code="user_inactive")
            key = key_for_run(user_id=user_id, model_name=opening.model)
            own = open_for_call(key, run_model=opening.model, model_name=opening.model) if key else None
            call_open(opening, payer=payer, own_key=own.key if own else None)
    except KeyUnreadable:
        if key is not None:
            key_look_again(key_id=key.pk)
        raise
    return own


def _within_columns(figure: int) -> int:
    # A provider may make up anything; a figure that fits nowhere would leave its call pending for ever.
    return min(max(figure, 0), LARGEST)
