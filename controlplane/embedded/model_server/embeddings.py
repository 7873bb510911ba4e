"""`/v1/embeddings`: checks a request, embeds off the event loop, and answers in the encoding asked for."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from controlplane.embedded.model_server.embedder import DIMENSIONS, Embedder, Embedding
from controlplane.embedded.model_server.journal import Call
from controlplane.embedded.model_server.protocol import RequestRefused

MOST_TEXTS = 2048
MOST_TOKENS = 8191


async def create_embeddings(embedder: Embedder, content: Mapping[str, Any], call: Call) -> JSONResponse:
    """Answer one request."""
    texts = _texts(content.get("input"))
    encoding = content.get("encoding_format") or "float"
    if encoding not in {"float", "base64"}:
        raise _invalid("encoding_format", "'encoding_format' must be 'float' or 'base64'.")
    if content.get("dimensions") not in {None, DIMENSIONS}:
        raise _invalid("dimensions", f"This model's vectors have {DIMENSIONS} dimensions.")
    embeddings = [await asyncio.to_thread(_embed, embedder, text) for text in texts]
    tokens = sum(embedding.tokens for embedding in embeddings)
    call.usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    data = [
        {"object": "embedding", "index": index, "embedding": _encode(embedding, encoding)}
        for index, embedding in enumerate(embeddings)
    ]
    return JSONResponse({"object": "list", "data": data, "model": call.model, "usage": call.usage})


def _texts(given: object) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_TEXTS:
        raise _invalid("input", f"'input' must be a text or a list of 1 to {MOST_TEXTS} texts.")
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise _invalid("input", "'input' must hold texts that are not empty; tokens are not understood here.")
    return texts


def _embed(embedder: Embedder, text: str) -> Embedding:
    ids = embedder.token_ids(text)
    if not ids:
        raise _invalid("input", "A text of 'input' has nothing that this model can read.")
    if len(ids) > MOST_TOKENS:
        message = f"This model's maximum context length is {MOST_TOKENS} tokens; a text has {len(ids)}."
        raise RequestRefused(400, "context_length_exceeded", message, param="input")
    return embedder.embed(ids)


def _encode(embedding: Embedding, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(embedding.vector.astype("<f4").tobytes()).decode()
    numbers: list[float] = embedding.vector.tolist()
    return numbers


def _invalid(param: str, message: str) -> RequestRefused:
    return RequestRefused(400, "invalid_value", message, param=param)
