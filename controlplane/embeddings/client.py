"""Asks for embeddings of texts: one metered call, with the user's own key or the house's."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import httpx
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from controlplane.embeddings.answers import Unreadable, read_answer
from controlplane.embeddings.errors import EmbeddingsRefused, EmbeddingsUnavailable
from controlplane.errors import Invalid
from controlplane.outbound.addresses import look_up
from controlplane.outbound.errors import (
    AddressRefused,
    AnswerRefused,
    NotConnected,
    OutboundError,
    TimedOut,
)
from controlplane.outbound.fetching import Answer, Bounds, Errand, fetch
from controlplane.provider_keys.errors import KeyRefused
from controlplane.provider_keys.services import key_refuse
from controlplane.runs.metered import MeteredCall, metered_call
from controlplane.usage.models import TokenUsage
from controlplane.usage.pricing import TokenCounts

MOST_TEXTS: Final = 2048
MOST_BYTES: Final = 4_000_000
LARGEST_ANSWER: Final = 100_000_000
# Far below the age at which a pending call counts as abandoned.
LONGEST_CALL: Final = 120.0
LONGEST_SILENCE: Final = 60.0
# English has some four bytes per token, other scripts about three: rather too much than too little.
BYTES_PER_TOKEN: Final = 3
ANY_ADDRESS: Final = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """The vectors in the order of their texts, and the call that made them."""

    attempt_id: UUID
    vectors: list[list[float]] = field(repr=False)


@sensitive_variables("texts", "call")
def texts_embed(texts: Sequence[str], *, user_id: UUID, model: str) -> Embeddings:
    """Embed texts in one call that is billed to a user; not to be called within a transaction.

    Raises Invalid for texts that may not be sent, what `metered_call` raises, KeyRefused,
    EmbeddingsRefused and EmbeddingsUnavailable.
    """
    size = _check(texts)
    with metered_call(
        user_id=user_id,
        request_type=TokenUsage.RequestType.EMBEDDING,
        model=model,
        house_base_url=settings.EMBEDDINGS_BASE_URL,
        estimated_prompt_tokens=math.ceil(size / BYTES_PER_TOKEN),
    ) as call:
        answer = _ask(call, texts, model)
        try:
            read = read_answer(answer.body, count=len(texts))
        except Unreadable as error:
            raise EmbeddingsUnavailable("What the embeddings' server answered makes no sense.") from error
        if read.prompt_tokens is not None:
            call.note_usage(TokenCounts(prompt=read.prompt_tokens, completion=0))
    return Embeddings(attempt_id=call.attempt_id, vectors=read.vectors)


def _check(texts: Sequence[str]) -> int:
    size = sum(len(text.encode(errors="replace")) for text in texts)
    if not 0 < len(texts) <= MOST_TEXTS:
        raise Invalid("The texts do not fit.", fields={"texts": [f"Between 1 and {MOST_TEXTS} are taken."]})
    if not all(text.strip() for text in texts):
        raise Invalid("The texts do not fit.", fields={"texts": ["None of them may be empty."]})
    if size > MOST_BYTES:
        raise Invalid("The texts do not fit.", fields={"texts": [f"At most {MOST_BYTES} bytes are taken."]})
    return size


@sensitive_variables("errand", "texts")
def _ask(call: MeteredCall, texts: Sequence[str], model: str) -> Answer:
    began = timezone.now()
    body = json.dumps({"model": model, "input": list(texts), "encoding_format": "float"})
    errand = Errand(
        url=f"{call.base_url.rstrip('/')}/embeddings",
        method="POST",
        headers={
            "Authorization": f"Bearer {call.api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Client-Request-Id": str(call.attempt_id),
        },
        content=body.encode(),
    )
    bounds = Bounds(
        # The house's address is its own; a user's key may be used at the listed ones only.
        private_networks=settings.PROVIDER_PRIVATE_ADDRESSES if call.own_key else ANY_ADDRESS,
        is_plain_http_allowed=True,
        seconds=LONGEST_CALL,
        silent_seconds=LONGEST_SILENCE,
        largest_answer=LARGEST_ANSWER,
    )
    try:
        answer = async_to_sync(fetch)(errand, bounds=bounds, resolver=look_up)
    except OutboundError as error:
        raise _not_fetched(call, error) from None
    if answer.status == httpx.codes.OK:
        return answer
    # An error status comes before any model has seen the texts.
    call.note_refusal()
    if answer.status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN} and call.own_key:
        with transaction.atomic():
            key_refuse(key_id=call.own_key.pk, version=call.own_key.version, called_at=began)
        raise KeyRefused(provider=call.own_key.provider)
    raise _refused(answer.status)


def _not_fetched(call: MeteredCall, error: OutboundError) -> EmbeddingsUnavailable | EmbeddingsRefused:
    match error:
        case AddressRefused():
            call.note_refusal()
            return EmbeddingsRefused("The address of the embeddings' server may not be asked.")
        case TimedOut():
            return EmbeddingsUnavailable("The embeddings' server took too long.", code="embeddings_timed_out")
        case AnswerRefused():
            return EmbeddingsUnavailable("The embeddings' server answered more than is taken.")
        case NotConnected():
            call.note_refusal()
    return EmbeddingsUnavailable("The embeddings' server cannot be reached.")


def _refused(status: int) -> EmbeddingsUnavailable | EmbeddingsRefused:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EmbeddingsUnavailable("The embeddings' server is busy.", code="embeddings_rate_limited")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return EmbeddingsUnavailable("The embeddings' server failed to answer.")
    return EmbeddingsRefused("The embeddings' server did not accept the request.")
