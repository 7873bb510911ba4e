"""Who may ask the model server, and what it says of itself."""

import httpx
import pytest

from tests.embedded.model_server.conftest import KEY, ModelServer

MODELS = ["smollm2-135m-instruct", "all-minilm-l6-v2"]


def test_models_are_listed(model_server: ModelServer) -> None:
    answer = model_server.http.get("/v1/models").json()
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == MODELS


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", "Bearer"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings")]
)
def test_wrong_key_is_refused_and_costs_nothing(
    model_server: ModelServer, header: str | None, method: str, path: str
) -> None:
    headers = {"Authorization": header} if header else {}
    content = {"model": MODELS[0], "messages": [{"role": "user", "content": "x"}], "input": "x"}
    response = httpx.request(method, f"{model_server.url}{path}", json=content, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
    if method == "POST":
        last = model_server.http.get("/journal").json()["calls"][-1]
        assert (last["path"], last["status"], last["usage"], last["model"]) == (path, 401, None, None)


@pytest.mark.parametrize("path", ["/", "/v1", "/health", "/journal"])
def test_what_holds_no_content_needs_no_key(model_server: ModelServer, path: str) -> None:
    assert httpx.get(f"{model_server.url}{path}").status_code == 200


def test_unknown_path_is_refused_in_the_protocol_s_shape(model_server: ModelServer) -> None:
    response = model_server.http.post("/v1/audio/speech", json={})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
