"""Bad input gets a clear answer with a code, and the field that is wrong."""

import uuid
from typing import Any

import pytest

from tests.end_to_end.api import Api

HUGE = "x" * 2_000_000


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        pytest.param("POST", "sessions/", {"content": b"{not json"}, 400, "malformed_json", id="bad-json"),
        pytest.param("GET", f"sessions/{uuid.uuid4()}/", {}, 404, "not_found", id="unknown-id"),
        pytest.param("GET", "sessions/not-a-uuid/", {}, 404, "not_found", id="no-id-at-all"),
        pytest.param("POST", "sessions/", {"json": {"title": HUGE}}, 413, "body_too_large", id="huge-body"),
        pytest.param("POST", "sessions/", {"json": [1, 2]}, 422, "validation_failed", id="list-for-object"),
        pytest.param("DELETE", "sessions/", {}, 405, "method_not_allowed", id="wrong-method"),
    ],
)
def test_bad_requests_are_named(
    api: Api, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"} if "content" in options else {}
    error = api.refused(status, method, path, headers=headers, **options)
    assert error["code"] == code
    assert error["message"]
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("temperature", "warm", id="text-for-number"),
        pytest.param("temperature", 3, id="out-of-range"),
        pytest.param("max_tokens", 0, id="zero-tokens"),
        pytest.param("title", {"a": 1}, id="object-for-text"),
        pytest.param("is_pinned", "perhaps", id="text-for-boolean"),
    ],
)
def test_the_wrong_field_is_named(api: Api, field: str, value: object) -> None:
    session = api.new_session()
    before = api.expect(200, "GET", f"sessions/{session}/")

    error = api.refused(422, "PATCH", f"sessions/{session}/", json={field: value})

    assert (error["code"], list(error["fields"])) == ("validation_failed", [field])
    assert api.expect(200, "GET", f"sessions/{session}/") == before


@pytest.mark.parametrize(
    "message", [pytest.param("", id="empty"), pytest.param(None, id="null"), pytest.param(7, id="number")]
)
def test_a_bad_message_starts_no_run(api: Api, message: object) -> None:
    session = api.new_session()
    error = api.refused(422, "POST", f"sessions/{session}/messages/", json={"message": message})
    assert list(error["fields"]) == ["message"]
    assert api.expect(200, "GET", f"sessions/{session}/runs/")["results"] == []


def test_nobody_gets_in_without_a_token(api: Api) -> None:
    anonymous = Api(str(api.http.base_url).removesuffix("/api/v1/"))
    assert anonymous.refused(401, "GET", "sessions/")["code"] == "not_authenticated"
    api.http.headers["Authorization"] = "Bearer not.a.token"
    assert api.refused(401, "GET", "sessions/")["code"] == "token_not_valid"
