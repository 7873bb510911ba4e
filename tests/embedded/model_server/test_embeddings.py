"""Embeddings of the embedded model, through the client library that the product uses and bare."""

import math
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_openai import OpenAIEmbeddings

from tests.embedded.model_server.conftest import KEY, ModelServer

MODEL = "all-minilm-l6-v2"
PATH = "/v1/embeddings"


@pytest.fixture
def embeddings(model_server: ModelServer) -> Iterator[OpenAIEmbeddings]:
    with httpx.Client(trust_env=False) as http:
        yield OpenAIEmbeddings(
            model=MODEL,
            base_url=f"{model_server.url}/v1",
            api_key=KEY,
            check_embedding_ctx_length=False,
            max_retries=0,
            http_client=http,
        )


def nearness(one: list[float], other: list[float]) -> float:
    """Return the cosine of two vectors of length one."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_what_means_the_same_lies_near(embeddings: OpenAIEmbeddings) -> None:
    cat, kitten, market = embeddings.embed_documents(["cat", "kitten", "stock market"])
    assert nearness(cat, kitten) > 0.7
    assert nearness(cat, market) < 0.3


def test_vectors_have_384_numbers_and_length_one(embeddings: OpenAIEmbeddings) -> None:
    vector = embeddings.embed_query("A sentence about nothing in particular.")
    assert len(vector) == 384
    assert math.isclose(nearness(vector, vector), 1, abs_tol=1e-5)


def test_vector_does_not_depend_on_its_neighbours(embeddings: OpenAIEmbeddings) -> None:
    alone = embeddings.embed_query("cat")
    among, _ = embeddings.embed_documents(["cat", "a much longer text about the economy of the last century"])
    assert alone == among


def test_end_of_a_long_text_counts_too(embeddings: OpenAIEmbeddings) -> None:
    start, long = embeddings.embed_documents(["cat " * 250, "cat " * 250 + "stock market crash " * 80])
    assert nearness(start, long) < 0.95


def ask(server: ModelServer, given: Any, **more: Any) -> Any:
    """Send a bare request."""
    return server.http.post(
        PATH, json={"model": MODEL, "input": given, **more}, headers={"X-Client-Request-Id": "embedded"}
    )


def test_usage_is_in_the_journal_and_the_order_kept(model_server: ModelServer) -> None:
    headers = {"X-Client-Request-Id": "counted"}
    content = {"model": MODEL, "input": ["one", "two words"]}
    answer = model_server.http.post(PATH, json=content, headers=headers).json()
    assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert model_server.journal("counted")["usage"] == answer["usage"]
    assert [entry["index"] for entry in answer["data"]] == [0, 1]
    assert (answer["object"], answer["model"]) == ("list", MODEL)


@pytest.mark.parametrize(
    ("given", "more", "code"),
    [
        pytest.param([], {}, "invalid_value", id="nothing"),
        pytest.param("", {}, "invalid_value", id="empty"),
        pytest.param(["x", "  "], {}, "invalid_value", id="one-is-blank"),
        pytest.param([[1, 2]], {}, "invalid_value", id="tokens"),
        pytest.param(["x"] * 2049, {}, "invalid_value", id="too-many"),
        pytest.param("x", {"dimensions": 10}, "invalid_value", id="other-dimensions"),
        pytest.param("x", {"encoding_format": "hex"}, "invalid_value", id="other-encoding"),
        pytest.param("word " * 8192, {}, "context_length_exceeded", id="too-long"),
    ],
)
def test_bad_request_is_refused(
    model_server: ModelServer, given: Any, more: dict[str, Any], code: str
) -> None:
    response = ask(model_server, given, **more)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_chat_model_makes_no_vectors(model_server: ModelServer) -> None:
    response = model_server.http.post(PATH, json={"model": "smollm2-135m-instruct", "input": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")
