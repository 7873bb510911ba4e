"""Every error has the one shape, whoever noticed it."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.views import APIView

import sdk_bridge
from controlplane.api.invalid_fields import fields_of
from controlplane.api.problems import describe
from controlplane.config.urls import handler400, handler404, handler500
from controlplane.config.urls import urlpatterns as product_addresses
from controlplane.errors import LimitReached

SESSIONS = "/api/v1/sessions/"
SECRET = "postgresql://user:hunter2@db/"


def crash(request):
    raise RuntimeError(SECRET)


def lose_the_database(request):
    raise OperationalError(SECRET)


class SlowDown(APIView):
    """Refuses with a time to wait."""

    permission_classes = ()

    def get(self, request: Request) -> None:
        raise Throttled(wait=6.2)


urlpatterns = [
    *product_addresses,
    path("api/test/crash/", crash),
    path("api/test/database/", lose_the_database),
    path("api/test/slow-down/", SlowDown.as_view()),
    path("test/crash/", crash),
    path("test/database/", lose_the_database),
]
__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


def send(client: APIClient, **request: object):
    return client.generic(
        **{"method": "POST", "path": SESSIONS, "content_type": "application/json", **request}
    )


@pytest.mark.parametrize(
    ("request_parts", "status", "code"),
    [
        pytest.param({"data": "{bad"}, 400, "malformed_json", id="bad-json"),
        pytest.param({"data": '{"temperature": NaN}'}, 400, "malformed_json", id="not-a-number"),
        pytest.param({"data": "[" * 200_000}, 400, "malformed_json", id="endless-nesting"),
        pytest.param({"data": b"\xff\xfe"}, 400, "malformed_json", id="not-utf-8"),
        pytest.param({"data": "[]"}, 422, "validation_failed", id="not-an-object"),
        pytest.param({"data": '"x"'}, 422, "validation_failed", id="a-string"),
        pytest.param({"data": '{"title": "\\u0000"}'}, 422, "validation_failed", id="nul"),
        pytest.param({"data": '{"title": "\\ud800"}'}, 422, "validation_failed", id="half-a-character"),
        pytest.param({"data": "x" * 1_000_001}, 413, "body_too_large", id="too-large"),
        pytest.param(
            {"data": "x", "content_type": "text/plain"}, 415, "unsupported_media_type", id="media-type"
        ),
        pytest.param({"method": "PUT"}, 405, "method_not_allowed", id="method"),
        pytest.param({"method": "OPTIONS"}, 405, "method_not_allowed", id="options"),
        pytest.param({"method": "GET", "HTTP_ACCEPT": "image/png"}, 406, "not_acceptable", id="accept"),
        pytest.param({"path": "/api/v1/nothing/"}, 404, "not_found", id="unknown-path"),
        pytest.param({"path": f"{SESSIONS}no-uuid/"}, 404, "not_found", id="malformed-id"),
        pytest.param({"path": f"{SESSIONS}{uuid.uuid4()}/pin/"}, 404, "not_found", id="unknown-id"),
        pytest.param({"method": "GET", "path": "/internal/nothing/"}, 404, "not_found", id="internal"),
    ],
)
def test_what_callers_do_wrong(api, agent_server, request_parts, status, code):
    response = send(api, **request_parts)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert set(error) <= {"code", "message", "fields", "details", "request_id"}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-Id"] == error["request_id"]
    assert ("fields" in error) == (status == 422)


def test_body_of_unknown_length_is_refused(api, agent_server):
    client = Client(raise_request_exception=False)
    response = client.post(
        SESSIONS, content_type="application/json", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH=""
    )

    assert (response.status_code, response.json()["error"]["code"]) == (411, "length_required")


def test_token_that_is_none_is_told_apart_from_no_token(db):
    client = APIClient()
    assert client.get(SESSIONS).json()["error"]["code"] == "not_authenticated"
    client.credentials(HTTP_AUTHORIZATION="Bearer not.a.token")
    assert client.get(SESSIONS).json()["error"]["code"] == "token_not_valid"


def test_allowed_methods_are_told(api):
    assert set(send(api, method="PUT").headers["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
def test_crash_tells_nothing(settings, debug):
    settings.DEBUG = debug
    response = Client(raise_request_exception=False).get("/api/test/crash/")

    error = response.json()["error"]
    assert response.status_code == 500
    assert error == {
        "code": "internal_error",
        "message": "Something went wrong on our side.",
        "request_id": response.headers["X-Request-Id"],
    }


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
def test_unknown_path_has_the_shape_even_when_debugging(settings, debug):
    settings.DEBUG = debug
    assert Client().get("/api/v1/nothing/").json()["error"]["code"] == "not_found"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "code"),
    [("/test/crash/", 500, "internal_error"), ("/test/database/", 503, "database_unavailable")],
)
def test_page_for_people_is_a_page(address, status, code):
    response = Client(raise_request_exception=False).get(address)

    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert code in response.text
    assert SECRET not in response.text


@pytest.mark.urls(__name__)
def test_lost_database_is_not_our_crash():
    response = Client(raise_request_exception=False).get("/api/test/database/")

    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_unavailable")
    assert SECRET not in response.text


@pytest.mark.urls(__name__)
def test_time_to_wait_is_told_in_whole_seconds():
    response = APIClient().get("/api/test/slow-down/")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        pytest.param("abc-123_DEF.4567", True, id="plain"),
        pytest.param("short", False, id="too-short"),
        pytest.param("x" * 65, False, id="too-long"),
        pytest.param("evil\x1b[31mred", False, id="control-characters"),
    ],
)
def test_request_id_of_the_caller(given, is_kept):
    answered = Client().get("/health/live/", HTTP_X_REQUEST_ID=given).headers["X-Request-Id"]

    assert (answered == given) is is_kept
    assert is_kept or uuid.UUID(answered)


def test_limit_says_when_to_come_back():
    in_a_while = timezone.now() + timedelta(seconds=90)

    for error in (
        LimitReached("Enough.", limit=5, used=5, remaining=0, resets_at=in_a_while),
        sdk_bridge.LimitReached("Enough.", details={"limit": 5, "resets_at": in_a_while.isoformat()}),
    ):
        problem = describe(error)
        assert (problem.status, problem.code, problem.details["limit"]) == (429, "limit_reached", 5)
        assert problem.retry_after == pytest.approx(90, abs=2)


def test_error_that_nobody_foresaw_is_not_described():
    assert describe(ValueError("?")) is None
    assert fields_of(ValueError("?")) == {}


def test_fields_of_the_agent_server_s_refusal_are_passed_on():
    refusal = sdk_bridge.InvalidRequest(
        "No.", code="model_not_allowed", fields={"model": ["x is not allowed."]}, details={"model": "x"}
    )

    problem = describe(refusal)

    shown = json.loads(json.dumps({"fields": problem.fields, "details": problem.details}))
    assert shown == {"fields": {"model": ["x is not allowed."]}, "details": {"model": "x"}}
