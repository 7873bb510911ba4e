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


async def embed(call: ModelCall, text: str) -> Vector:
    """Embed one text with the call's model; raises what a refusal or the provider's fault means."""
    tokens = math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)
    attempt = Attempt(call, prompt_tokens=tokens, max_output_tokens=None)
    async with attempt:
        answer = await _client_of(attempt).embeddings.create(
            model=call.model,
            input=text,
            encoding_format="float",
            extra_headers={ATTEMPT_HEADER: str(attempt.id)},
        )
        if answer.usage is not None:
            used = answer.usage.prompt_tokens
            attempt.tally.reported = UsageMetadata(input_tokens=used, output_tokens=0, total_tokens=used)
        if len(answer.data) != 1:
            raise ModelFailed("The model's server gave no vector.")
        return answer.data[0].embedding


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
