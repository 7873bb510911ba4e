"""Signing in, staying in, getting out, over REST."""

import uuid

import jwt
import pytest
from django.apps import apps
from django.core.cache import caches
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.services import user_deactivate, user_sign_out_everywhere

TOKEN, REFRESH, ME = "/api/v1/auth/token/", "/api/v1/auth/token/refresh/", "/api/v1/me/"
PASSWORD = "correct horse battery"
# Windows begin at a moment that depends on the counter: so long that no test meets one.
THIRTY = "30/1000d"


@pytest.fixture
def anyone(db) -> APIClient:
    """A client that has not signed in."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def member(make_user, settings):
    """A user with a password, hashed the quick way."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_user(f"{uuid.uuid4()}@example.com", password=PASSWORD)


def with_access(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_sign_in_gives_tokens_that_work(anyone, member):
    answer = anyone.post(TOKEN, {"email": member.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert sorted(answer.json()) == ["access", "refresh"]
    me = with_access(answer.json()["access"]).get(ME)
    assert me.json() == {
        "id": str(member.pk),
        "email": member.email,
        "first_name": "",
        "last_name": "",
        "date_joined": me.json()["date_joined"],
    }
    member.refresh_from_db()
    assert member.last_login is not None


def test_access_token_carries_audience_issuer_and_version(member):
    access = str(issue_refresh_token(member).access_token)
    claims = jwt.decode(access, options={"verify_signature": False})
    assert (claims["aud"], claims["iss"], claims["sub"], claims["ver"]) == (
        "threadplane",
        "threadplane",
        str(member.pk),
        1,
    )
    assert claims["exp"] - claims["iat"] == 15 * 60


@pytest.mark.parametrize("case", ["wrong password", "unknown account", "inactive account"])
def test_refused_sign_in_does_not_say_why(anyone, member, case):
    email = "nobody@example.com" if case == "unknown account" else member.email
    if case == "inactive account":
        user_deactivate(user_id=member.pk)
    password = "wrong" if case == "wrong password" else PASSWORD
    answer = anyone.post(TOKEN, {"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert "access" not in answer.json()
    member.refresh_from_db()
    assert member.last_login is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param({}, ["email", "password"], id="empty"),
        pytest.param({"email": "no address", "password": "x"}, ["email"], id="no address"),
        pytest.param({"email": "a@example.com", "password": ["x"]}, ["password"], id="wrong type"),
    ],
)
def test_wrong_sign_in_names_its_fields(anyone, body, fields):
    answer = anyone.post(TOKEN, body)
    assert answer.status_code == 422
    assert sorted(answer.json()["error"]["fields"]) == fields


def test_half_a_character_in_an_address_is_refused(anyone):
    body = '{"email": "a@\\ud800.example", "password": "x"}'
    answer = anyone.post(TOKEN, body, content_type="application/json")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["email"])


def test_guessing_is_slowed_down_per_account(anyone, member, settings):
    settings.THROTTLE_SIGN_IN = THIRTY
    # What is counted per address is in question here.
    settings.THROTTLE_ACCOUNT = []
    caches["counters"].clear()
    answers = [
        anyone.post(TOKEN, {"email": member.email, "password": "guess"}).status_code for _ in range(31)
    ]
    assert answers == [401] * 30 + [429]
    refused = anyone.post(TOKEN, {"email": member.email, "password": PASSWORD})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "throttled")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400_000
    other = anyone.post(TOKEN, {"email": "other@example.com", "password": "guess"})
    assert other.status_code == 401


def test_refresh_token_is_spent_for_a_new_pair(anyone, member):
    old = str(issue_refresh_token(member))
    answer = anyone.post(REFRESH, {"refresh": old})
    assert answer.status_code == 200
    assert answer.json()["refresh"] != old
    assert with_access(answer.json()["access"]).get(ME).status_code == 200
    assert anyone.post(REFRESH, {"refresh": answer.json()["refresh"]}).status_code == 200


def test_no_token_is_kept_in_the_database(anyone, member):
    first = anyone.post(TOKEN, {"email": member.email, "password": PASSWORD}).json()
    second = anyone.post(REFRESH, {"refresh": first["refresh"]}).json()
    assert anyone.post(REFRESH, {"refresh": first["refresh"]}).status_code == 401
    kept = "\n".join(str(row) for model in apps.get_models() for row in model.objects.values_list())
    assert member.email in kept
    for token in (*first.values(), *second.values()):
        claims = jwt.decode(token, options={"verify_signature": False})
        # Header included: it is that of every token, so none of any claims is there either.
        assert not [part for part in token.split(".") if part in kept]
        assert (claims["jti"] in kept) == (claims["token_type"] == "refresh")


def test_refresh_token_that_was_never_given_out_is_refused(anyone, member):
    refresh = issue_refresh_token(member)
    OutstandingToken.objects.all().delete()
    assert anyone.post(REFRESH, {"refresh": str(refresh)}).status_code == 401
    assert OutstandingToken.objects.count() == 0


def test_guessing_from_pretended_addresses_is_slowed_down(anyone, member, settings):
    settings.THROTTLE_SIGN_IN = THIRTY
    # What is counted per address is in question here.
    settings.THROTTLE_ACCOUNT = []
    caches["counters"].clear()
    answers = [
        anyone.post(
            TOKEN,
            {"email": member.email, "password": "guess"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(31)
    ]
    assert answers == [401] * 30 + [429]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"], ids=["empty", "nonsense", "three parts"])
def test_forged_refresh_token_is_refused(anyone, token):
    answer = anyone.post(REFRESH, {"refresh": token})
    assert answer.status_code == (422 if token == "" else 401)


@pytest.mark.parametrize(
    "act", [user_sign_out_everywhere, user_deactivate], ids=["signed out", "deactivated"]
)
def test_tokens_of_before_are_refused_at_once(anyone, member, act):
    refresh = issue_refresh_token(member)
    act(user_id=member.pk)
    assert with_access(str(refresh.access_token)).get(ME).status_code == 401
    answer = anyone.post(REFRESH, {"refresh": str(refresh)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")


def test_tokens_of_a_deleted_user_are_refused(anyone, member):
    refresh = issue_refresh_token(member)
    member.delete()
    assert with_access(str(refresh.access_token)).get(ME).status_code == 401
    assert anyone.post(REFRESH, {"refresh": str(refresh)}).status_code == 401


def test_sign_out_everywhere_ends_tokens_and_browser_sessions(api, user, client):
    client.force_login(user)
    assert client.get(ME).status_code == 200
    assert api.post("/api/v1/auth/sign-out-everywhere/").status_code == 204
    user.refresh_from_db()
    assert user.token_version == 2
    assert api.get(ME).status_code == 401
    assert client.get(ME).status_code in {401, 403}


def test_signing_out_leaves_others_signed_in(api, user, stranger_api):
    api.post("/api/v1/auth/sign-out-everywhere/")
    assert stranger_api.get(ME).status_code == 200


def test_agent_token_says_where_and_until_when(api, user, settings):
    settings.LANGGRAPH_PUBLIC_URL = "http://agents.test"
    answer = api.post("/api/v1/auth/agent-token/")
    assert answer.status_code == 200
    body = answer.json()
    assert sorted(body) == ["agent_url", "expires_at", "token"]
    assert body["agent_url"] == "http://agents.test"
    claims = jwt.decode(body["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["role"]) == (str(user.pk), "user")
    assert 590 < (parse_datetime(body["expires_at"]) - timezone.now()).total_seconds() <= 600


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("post", "/api/v1/auth/agent-token/", id="agent token"),
        pytest.param("post", "/api/v1/auth/sign-out-everywhere/", id="sign out"),
        pytest.param("get", ME, id="me"),
        pytest.param("get", "/api/v1/usage/", id="usage"),
    ],
)
def test_nobody_gets_in_without_a_token(anyone, method, path):
    answer = getattr(anyone, method)(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")
