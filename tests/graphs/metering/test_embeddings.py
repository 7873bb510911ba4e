"""Whatever a server of embeddings answers, a call ends with a vector or with an error that has a name."""

from dataclasses import replace

import pytest

from graphs.errors import GraphError, ModelFailed
from graphs.metering.calls import RequestType
from graphs.metering.embeddings import embed
from graphs.metering.models import CONNECTIONS
from tests.controlplane.embeddings.server import EmbeddingsServer, embeddings_listening
from tests.graphs.conftest import Configure
from tests.graphs.metering.scene import Scene

VECTOR = b'{"data": [{"index": 0, "embedding": [0.25, 0.5]}], "usage": {"prompt_tokens": 3}}'
GARBAGE = {
    "no object": b"[]",
    "nothing in it": b"{}",
    "no json": b"<html>Welcome</html>",
    "null": b'{"data": null}',
    "no vector": b'{"data": []}',
    "two vectors": b'{"data": [{"embedding": [0.25]}, {"embedding": [0.5]}]}',
    "words": b'{"data": [{"embedding": ["0.25", "0.5"]}]}',
    "not a number": b'{"data": [{"embedding": [NaN, 0.5]}]}',
    "without end": b'{"data": [{"embedding": [1e999, 0.5]}]}',
    "a text": b'{"data": [{"embedding": "AAAA"}]}',
    "a number": b'{"data": [7]}',
}


@pytest.fixture
def server():
    with embeddings_listening() as listening:
        listening.body = VECTOR
        yield listening


@pytest.fixture
async def call(configure: Configure, server: EmbeddingsServer):
    configure(EMBEDDINGS_BASE_URL=server.base_url, OPENAI_API_KEY="sk-own")
    yield replace(Scene("text-embedding-3-small").call, request_type=RequestType.EMBEDDING)
    await CONNECTIONS.get().aclose()


async def test_a_vector_is_given(call):
    assert list(await embed(call, "tea")) == [0.25, 0.5]


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_is_a_failure_of_the_model(call, server: EmbeddingsServer, kind: str):
    server.body = GARBAGE[kind]

    with pytest.raises(ModelFailed):
        await embed(call, "tea")


async def test_usage_that_makes_no_sense_costs_no_vector(call, server: EmbeddingsServer):
    for usage in (b'"many"', b'{"prompt_tokens": "many"}', b'{"prompt_tokens": -3}', b"null"):
        server.body = VECTOR.replace(b'{"prompt_tokens": 3}', usage)
        assert list(await embed(call, "tea")) == [0.25, 0.5]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_an_error_status_has_its_name(call, server: EmbeddingsServer, status: int):
    server.status, server.body = status, b"not even json"

    with pytest.raises(GraphError):
        await embed(call, "tea")


async def test_a_server_that_hangs_up_is_unreachable(call, server: EmbeddingsServer):
    server.hangs_up = True

    with pytest.raises(GraphError) as failed:
        await embed(call, "tea")

    assert failed.value.code == "model_unreachable"
