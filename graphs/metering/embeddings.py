"""Vectors of texts: OpenAI's protocol, metered, with a key that lives for one call."""

import math
from typing import Final

import openai
from langchain_core.messages.ai import UsageMetadata

from graphs.errors import ModelFailed, ModelRefused
from graphs.metering.attempts import Attempt
from graphs.metering.calls import ModelCall
from graphs.metering.models import ATTEMPT_HEADER, CONNECTIONS, OPENAI_URL
from graphs.settings import read_settings
from graphs.vector_desk import Vector

# English has some four bytes per token, other scripts about three: rather too much than too little.
BYTES_PER_TOKEN: Final = 3
NO_VECTOR: Final = "The model's server gave no vector."


async def embed(call: ModelCall, text: str) -> Vector:
    """Embed one text with the call's model; raises what a refusal or the provider's fault means."""
    tokens = math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)
    attempt = Attempt(call, prompt_tokens=tokens, max_output_tokens=None)
    async with attempt:
        try:
            answer = await _client_of(attempt).embeddings.create(
                model=call.model,
                input=text,
                encoding_format="float",
                extra_headers={ATTEMPT_HEADER: str(attempt.id)},
            )
        except (ValueError, TypeError, AttributeError) as error:
            # The library reads what is no JSON, or JSON of another form, without a word of its own.
            raise ModelFailed(NO_VECTOR) from error
        used = _used_tokens(answer)
        if used is not None:
            attempt.tally.reported = UsageMetadata(input_tokens=used, output_tokens=0, total_tokens=used)
        return _vector_in(answer)


def _used_tokens(answer: object) -> int | None:
    """Read the count that a server tells. The library believes any answer: nothing is taken for granted."""
    used = getattr(getattr(answer, "usage", None), "prompt_tokens", None)
    return used if type(used) is int and used >= 0 else None


def _vector_in(answer: object) -> Vector:
    """Read the one vector of finite numbers. Raises ModelFailed.

    The store writes it beside those of others, and a number that is none would fail all of them.
    """
    data = getattr(answer, "data", None)
    vector = getattr(data[0], "embedding", None) if isinstance(data, list) and len(data) == 1 else None
    if not isinstance(vector, list) or not vector or not all(map(_is_finite, vector)):
        raise ModelFailed(NO_VECTOR)
    return vector


def _is_finite(number: object) -> bool:
    return type(number) in (int, float) and math.isfinite(number)  # type: ignore[arg-type]  # just checked


def _client_of(attempt: Attempt) -> openai.AsyncOpenAI:
    settings, permit = read_settings(), attempt.permit
    if permit is not None:
        key, address = permit.api_key, permit.base_url
    elif settings.openai_api_key is None:
        raise ModelRefused("No key is configured for the model's server.")
    else:
        key, address = settings.openai_api_key, settings.embeddings_base_url or settings.openai_base_url
    return openai.AsyncOpenAI(
        api_key=key.get_secret_value(),
        base_url=address or OPENAI_URL,
        http_client=CONNECTIONS.get(),
        max_retries=0,
    )
