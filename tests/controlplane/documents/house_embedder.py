"""The embedded model's own embedder behind a provider of embeddings, so that nearness means something."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from controlplane.embedded.model_server.embedder import Embedder
from controlplane.embedded.model_server.weights import embedding_tokenizer, embedding_weights
from tests.controlplane.embeddings.server import EmbeddingsServer, embeddings_listening


@cache
def embedder() -> Embedder:
    """Load it once."""
    return Embedder(embedding_weights(), embedding_tokenizer())


@cache
def _embedded(text: str) -> tuple[list[float], int]:
    """Embed a text once: the same stands in files of many kinds."""
    found = embedder().embed(embedder().token_ids(text))
    return found.vector.tolist(), found.tokens


def _answer(content: dict[str, Any], embedded: Callable[[str], tuple[list[float], int]]) -> bytes:
    found = [embedded(text) for text in content["input"]]
    data = [{"index": index, "embedding": vector} for index, (vector, _) in enumerate(found)]
    return json.dumps({"data": data, "usage": {"prompt_tokens": sum(tokens for _, tokens in found)}}).encode()


@contextmanager
def house_embedder(*, is_remembering: bool = True) -> Iterator[EmbeddingsServer]:
    """Serve it on a free port; what is to be measured does not remember texts it has embedded before."""
    with embeddings_listening() as listening:
        embedded = _embedded if is_remembering else _embedded.__wrapped__
        listening.answer = partial(_answer, embedded=embedded)
        yield listening
