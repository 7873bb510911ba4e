"""What no client sends by accident is refused at every door, never an error of ours."""

import json

import pytest
from django.test import Client

from controlplane.accounts.models import CustomUser

LOGIN = "/api/accounts/app/v1/auth/login"
PASSWORD = "correct horse battery"
DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b'{"email": %s}' % (b"1" * 5000)
# Half a character: JSON can name it, and no database or hash can take it.
HALF = json.dumps({"email": "ada@example.com", "password": "\ud800" + PASSWORD}).encode()


@pytest.fixture(autouse=True)
def somebody_to_guess(settings, make_user) -> CustomUser:
    """An account, quick hashes, and nobody throttled by an earlier test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLE_SIGN_IN = "100000/m"
    settings.REGISTRATION = "open"
    return make_user("ada@example.com", password=PASSWORD)


@pytest.fixture
def browser() -> Client:
    """A browser to which our errors come as answers."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("path", ["auth/login", "auth/signup", "auth/password/request", "tokens/refresh"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize(
    "body", [DEEP, LONG, HALF], ids=["endless nesting", "endless number", "half character"]
)
def test_body_that_cannot_be_read_is_refused(browser, path, method, body):
    answer = browser.generic(method.upper(), f"/api/accounts/app/v1/{path}", body, "application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_kind_of_body_makes_no_difference(browser, kind):
    assert browser.post(LOGIN, DEEP, content_type=kind).status_code == 400


def test_form_is_not_read_past(browser):
    assert browser.post(LOGIN, {"email": "ada@example.com"}).status_code == 400


def test_right_body_is_let_in(browser):
    body = {"email": "ada@example.com", "password": PASSWORD}

    assert browser.post(LOGIN, body, content_type="application/json").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/me/", "/admin/", "/api/accounts/browser/v1/auth/session"])
def test_session_that_cannot_be_is_none(browser, path):
    answer = browser.get(path, HTTP_COOKIE='sessionid="\\000' + 31 * "a" + '"')

    assert answer.status_code in {302, 401}


def test_session_token_that_cannot_be_is_none(browser):
    answer = browser.post(LOGIN, {}, content_type="application/json", headers={"X-Session-Token": "\0" * 32})

    assert answer.status_code in {400, 401, 410}
