"""Personal access tokens: shown once, bounded by scopes, over when they should be."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane.accounts.models import PersonalAccessToken
from controlplane.accounts.personal_tokens import MOST_TOKENS, personal_token_create
from controlplane.accounts.services import user_deactivate, user_sign_out_everywhere
from controlplane.errors import Conflict
from tests.controlplane.accounts import possessions
from tests.controlplane.api.test_isolation import Endpoint, endpoints, patterns
from tests.controlplane.in_parallel import in_parallel

TOKENS = "/api/v1/auth/personal-access-tokens/"
ME, SESSIONS = "/api/v1/me/", "/api/v1/sessions/"
ALL = ["agent", "read", "write"]
OPEN_TO_TOKENS = {"get-me", "post-agent-token"}


def script(secret: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def make_token(user):
    def make(*scopes: str, **fields: object) -> tuple[PersonalAccessToken, str]:
        return personal_token_create(owner_id=user.pk, name="Report", scopes=list(scopes), **fields)

    return make


def test_secret_is_shown_once_and_kept_by_nobody(api, user):
    end = (timezone.now() + timedelta(days=1)).isoformat()
    answer = api.post(TOKENS, {"name": "Report", "scopes": ["write", "read", "read"], "expires_at": end})
    assert answer.status_code == 201
    made = answer.json()
    secret = made.pop("secret")
    assert (secret[:3], len(secret), made["prefix"]) == ("tp_", 46, secret[:9])
    assert (made["scopes"], made["state"], made["last_used_at"]) == (["read", "write"], "active", None)
    assert script(secret).get(ME).json()["id"] == str(user.pk)
    listed = api.get(TOKENS)
    assert listed.json()["results"] == [{**made, "last_used_at": listed.json()["results"][0]["last_used_at"]}]
    kept = "\n".join(str(row) for model in apps.get_models() for row in model.objects.values_list())
    assert secret not in kept
    assert sha256(secret.encode()).hexdigest() in kept


def test_repeated_creation_makes_one_token_and_shows_no_secret_again(api):
    body, key = {"name": "Report", "scopes": ["read"]}, {"Idempotency-Key": "once"}
    first, second = api.post(TOKENS, body, headers=key), api.post(TOKENS, body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert (first.json()["secret"][:3], second.json()["secret"]) == ("tp_", None)
    assert PersonalAccessToken.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param({}, ["name", "scopes"], id="empty"),
        pytest.param({"name": "a", "scopes": []}, ["scopes"], id="no scope"),
        pytest.param({"name": "a", "scopes": ["root"]}, ["scopes.0"], id="unknown scope"),
        pytest.param({"name": "a" * 101, "scopes": ["read"]}, ["name"], id="long name"),
        pytest.param({"name": "a\u0000", "scopes": ["read"]}, ["name"], id="NUL"),
        pytest.param({"name": "a", "scopes": ["read"] * 99}, ["scopes"], id="many scopes"),
        pytest.param(
            {"name": "a", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, ["expires_at"], id="over"
        ),
    ],
)
def test_wrong_input_names_its_fields(api, body, fields):
    answer = api.post(TOKENS, body)
    assert (answer.status_code, sorted(answer.json()["error"]["fields"])) == (422, fields)
    assert PersonalAccessToken.objects.count() == 0


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status", "code"),
    [
        pytest.param(["read"], "get", ME, 200, None, id="read reads"),
        pytest.param(["write"], "get", ME, 403, "scope_missing", id="write does not read"),
        pytest.param(["read", "agent"], "post", SESSIONS, 403, "scope_missing", id="read does not write"),
        pytest.param(["write"], "post", SESSIONS, 201, None, id="write writes"),
        pytest.param(["agent"], "post", "/api/v1/auth/agent-token/", 200, None, id="agent mints"),
        pytest.param(
            ["read", "write"], "post", "/api/v1/auth/agent-token/", 403, "scope_missing", id="write mints not"
        ),
    ],
)
def test_scopes_bound_what_a_token_may_do(agent_server, make_token, scopes, method, path, status, code):
    _, secret = make_token(*scopes)
    answer = getattr(script(secret), method)(path)
    assert answer.status_code == status
    assert answer.json().get("error", {}).get("code") == code


def addresses_of_accounts() -> list[Endpoint]:
    """Everything in the accounts' views that asks who calls: a new address is closed or named above."""
    ours = {
        pattern.name
        for _, pattern in patterns(get_resolver())
        if pattern.callback.__module__.startswith("controlplane.accounts.views.")
    }
    closed = [one for one in endpoints() if one.name in ours - possessions.PUBLIC]
    return [one for one in closed if str(one) not in OPEN_TO_TOKENS]


def test_addresses_of_accounts_are_found():
    assert {str(one) for one in addresses_of_accounts()} >= {
        "post-sign-out-everywhere",
        "post-personal-tokens",
        "delete-personal-token",
        "post-invitations",
    }


@pytest.mark.parametrize("endpoint", addresses_of_accounts(), ids=str)
def test_no_token_manages_the_account(make_token, endpoint, user):
    token, secret = make_token(*ALL)
    address = reverse(endpoint.name, kwargs=dict.fromkeys(endpoint.ids, token.pk))
    answer = getattr(script(secret), endpoint.method)(address)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "personal_token_not_allowed")
    user.refresh_from_db()
    assert user.token_version == 1
    assert PersonalAccessToken.objects.living().count() == 1


def test_revoked_token_is_refused_at_once_and_no_longer_listed(api, make_token):
    token, secret = make_token("read")
    other, other_secret = make_token("read")
    assert api.delete(f"{TOKENS}{token.pk}/").status_code == 204
    refused = script(secret).get(ME)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_authenticated")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert script(other_secret).get(ME).status_code == 200
    assert [one["id"] for one in api.get(TOKENS).json()["results"]] == [str(other.pk)]
    assert api.delete(f"{TOKENS}{token.pk}/").status_code == 404


def give_a_new_password(user_id):
    user = PersonalAccessToken.objects.get().user
    user.set_password("another long password")
    user.save()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user: user_sign_out_everywhere(user_id=user.pk), id="signed out everywhere"),
        pytest.param(lambda user: user_deactivate(user_id=user.pk), id="deactivated"),
        pytest.param(give_a_new_password, id="new password"),
        pytest.param(
            lambda user: PersonalAccessToken.objects.update(expires_at=timezone.now()), id="expired"
        ),
    ],
)
def test_token_ends_with_what_it_stands_on(make_token, user, end):
    token, secret = make_token(*ALL)
    end(user)
    assert script(secret).get(ME).status_code == 401
    token = PersonalAccessToken.objects.select_related("user").get()
    assert token.state in {"signed out", "expired"}
    assert token.last_used_at is None


@pytest.mark.parametrize(
    "header", ["Bearer tp_", "Bearer tp_nonsense", "bearer tp_\u00e9", "Bearer tp_a b", "Bearer TP_x"]
)
def test_unknown_token_is_refused(db, header):
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=header)
    assert client.get(ME).status_code == 401


def test_use_is_noted_without_a_write_per_request(make_token):
    token, secret = make_token("read")
    client = script(secret)
    client.get(ME)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as second:
        client.get(ME)
    token.refresh_from_db()
    assert (token.last_used_at, len(second)) == (first, 1)
    PersonalAccessToken.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get(ME)
    token.refresh_from_db()
    assert token.last_used_at > first - timedelta(minutes=1)


@pytest.mark.parametrize("count", [3, 30])
def test_list_costs_the_same_for_many_tokens(api, make_token, django_assert_num_queries, count):
    for _ in range(count):
        make_token("read")
    with django_assert_num_queries(2):
        assert len(api.get(f"{TOKENS}?limit=100").json()["results"]) == count


@pytest.mark.django_db(transaction=True)
def test_no_more_tokens_than_allowed_when_many_are_made_at_once(user, make_token):
    for _ in range(MOST_TOKENS - 2):
        make_token("read")
    made = in_parallel(6, lambda _: make_token("read"))
    assert PersonalAccessToken.objects.count() == MOST_TOKENS
    assert sum(isinstance(one, Conflict) for one in made) == 4


def test_page_session_needs_the_csrf_token(user, agent_server):
    page = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    page.force_login(user)
    refused = page.post("/api/v1/auth/agent-token/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    page.cookies["csrftoken"] = "a" * 32
    assert page.post("/api/v1/auth/agent-token/", headers={"X-CSRFToken": "a" * 32}).status_code == 200
    assert page.post("/api/v1/auth/agent-token/", headers={"X-CSRFToken": "b" * 32}).status_code == 403
