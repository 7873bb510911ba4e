"""One-time codes: set up, asked for at every door, kept sealed, and never good twice."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.vault.box import unseal

V1 = "/api/accounts/app/v1/"
TOKEN = "/api/v1/auth/token/"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick(settings):
    """Quick hashes, and nobody throttled by an earlier test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    caches["counters"].clear()


@pytest.fixture
def member(make_user):
    """A user with a password, who may look at the back office too."""
    return make_user("totp@example.com", password=PASSWORD, is_staff=True)


@pytest.fixture
def secret(member) -> str:
    """The secret of the second factor that the member has set up over REST."""
    app = APIClient(raise_request_exception=False)
    signed = app.post(f"{V1}auth/login", {"email": member.email, "password": PASSWORD})
    session = {"X-Session-Token": signed.json()["meta"]["session_token"]}
    again = app.post(f"{V1}auth/reauthenticate", {"password": PASSWORD}, headers=session)
    assert again.status_code == 200
    offered = app.get(f"{V1}account/authenticators/totp", headers=session).json()["meta"]["secret"]
    set_up = app.post(f"{V1}account/authenticators/totp", {"code": code_of(offered, 0)}, headers=session)
    assert set_up.status_code == 200
    return offered


def code_of(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def wrong_code(secret: str) -> str:
    near = {code_of(secret, steps) for steps in range(-2, 3)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near
    )


def sign_in(**more: str):
    body = {"email": "totp@example.com", "password": PASSWORD, **more}
    return APIClient(raise_request_exception=False).post(TOKEN, body)


def test_secret_is_kept_sealed(secret):
    (kept,) = Authenticator.objects.filter(type="totp").values_list("data", flat=True)
    assert secret not in str(kept)
    assert unseal(kept["secret"]) == secret


def test_password_alone_gives_no_token(secret):
    refused = sign_in()
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "totp_required")
    assert "access" not in refused.json()


def test_code_is_asked_for_after_the_right_password_only(secret):
    refused = sign_in(password="guess", code=code_of(secret))
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_authenticated")


def test_fresh_code_lets_in_once(secret, member):
    code = code_of(secret)
    assert sign_in(code=code).status_code == 200
    again = sign_in(code=code)
    assert (again.status_code, again.json()["error"]["code"]) == (401, "totp_invalid")


def test_recovery_code_lets_in_once(secret, member):
    codes = Authenticator.objects.get(user=member, type="recovery_codes").wrap().get_unused_codes()
    assert [sign_in(code=codes[0]).status_code for _ in range(2)] == [200, 401]


def test_few_codes_can_be_guessed_from_anywhere(secret):
    wrong = wrong_code(secret)
    assert [sign_in(code=wrong).status_code for _ in range(5)] == [401] * 5
    assert sign_in(code=code_of(secret)).status_code == 401


def test_headless_sign_in_asks_for_it(secret, member):
    app = APIClient(raise_request_exception=False)
    pending = app.post(f"{V1}auth/login", {"email": member.email, "password": PASSWORD})
    assert (pending.status_code, "access_token" in pending.json()["meta"]) == (401, False)
    session = {"X-Session-Token": pending.json()["meta"]["session_token"]}
    done = app.post(f"{V1}auth/2fa/authenticate", {"code": code_of(secret)}, headers=session)
    assert (done.status_code, "access_token" in done.json()["meta"]) == (200, True)


@pytest.mark.parametrize("code", [None, "wrong", "right"])
def test_back_office_asks_for_it(secret, member, code):
    browser = Client()
    form = {"username": member.email, "password": PASSWORD}
    if code:
        form["code"] = code_of(secret) if code == "right" else wrong_code(secret)
    answer = browser.post(reverse("admin:login"), form)
    assert answer.status_code == (302 if code == "right" else 200)
    assert ("_auth_user_id" in browser.session) == (code == "right")


def test_back_office_needs_none_where_none_is_set_up(member):
    browser = Client()
    page = browser.get(reverse("admin:login"))
    assert 'name="code"' in page.text
    answer = browser.post(reverse("admin:login"), {"username": member.email, "password": PASSWORD})
    assert answer.status_code == 302
