"""What is not REST is closed as well: back office, sign-up and internal doors, from the URL map itself."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, get_resolver
from rest_framework.test import APIClient

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from tests.controlplane.one_of_each import add_one_of_each_of

WORD, EMAIL = "Divorce lawyer", "owner-of-it-all@example.com"
PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>|\(\?P<(?P<group>\w+)>[^)]*\)")
# The only pages of the back office that anybody sees.
OPEN_PAGES = {"admin/login/", "admin/logout/"}
METHODS = ("get", "post", "put", "patch", "delete")


def addresses(resolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every address outside REST, with the name of its view."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from addresses(entry, path)
        elif not path.startswith("api/v1/"):
            yield path.replace("^", "").replace("$", "").replace("\\Z", ""), entry.name or ""


EVERY = sorted(set(addresses(get_resolver())))
OFFICE = [entry for entry in EVERY if entry[0].startswith("admin/")]
INTERNAL = [entry for entry in EVERY if entry[0].startswith("internal/")]
SIGN_IN = [entry for entry in EVERY if entry[0].startswith(("api/accounts/", "accounts/"))]


@pytest.fixture
def belongings(db, make_user) -> ChatSession:
    """One row of everything, with words that would be recognised."""
    session = add_one_of_each_of(make_user(EMAIL))
    ChatSession.objects.update(title=WORD, custom_system_prompt=WORD)
    return session


@pytest.fixture
def hands(belongings, make_user) -> dict[str, Client]:
    """Who must not get in: nobody, and users without a role by browser and by token."""
    plain = make_user("plain@example.com")
    browser = Client(raise_request_exception=False)
    browser.force_login(plain)
    token = APIClient(raise_request_exception=False)
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_refresh_token(plain).access_token}")
    return {"nobody": Client(raise_request_exception=False), "plain user": browser, "plain token": token}


def filled(path: str, name: str) -> str:
    """Name what is there wherever a path names something."""

    def value(match: re.Match[str]) -> str:
        model = next(
            (
                one
                for one in apps.get_models()
                if name.startswith(f"{one._meta.label_lower}_".replace(".", "_"))
            ),
            None,
        )
        row = model._default_manager.order_by("pk").first() if model else None
        if row is not None:
            return str(row.pk)
        kind = match["kind"]
        return {"int": "1", "uuid": str(ChatSession.objects.get().pk)}.get(kind or "", "x")

    return "/" + PARAMETER.sub(value, path)


def gives_away(answer) -> bool:
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return WORD.encode() in text or EMAIL.encode() in text


def test_map_is_read():
    assert len(OFFICE) > 5 * len(admin.site._registry)
    assert {"internal/runs/admit/", "internal/webhooks/runs/"} <= {path for path, _ in INTERNAL}
    assert len(SIGN_IN) > 20


def test_back_office_is_closed_to_users_without_a_role(hands):
    """Lists, rows, histories, pickers, actions and whatever a page adds of its own."""
    answers = {
        (hand, method, path): getattr(client, method)(filled(path, name), follow=False)
        for hand, client in hands.items()
        for path, name in OFFICE
        for method in (("get", "post") if hand == "plain user" else ("get",))
        if path not in OPEN_PAGES and hand != "plain token"
    }

    assert {
        key: answer.status_code for key, answer in answers.items() if answer.status_code not in {302, 403}
    } == {}
    assert [key for key, answer in answers.items() if gives_away(answer)] == []
    assert all(
        answer.headers["Location"].startswith("/admin/")
        for answer in answers.values()
        if answer.status_code == 302
    )


def test_internal_doors_open_to_their_secrets_alone(hands):
    before = ChatSession.objects.count(), CustomUser.objects.count()
    for hand, client in hands.items():
        for path, name in INTERNAL:
            for method in METHODS:
                answer = getattr(client, method)(filled(path, name), {} if method == "get" else "{}", **JSON)
                assert answer.status_code in {403, 405}, (hand, method, path)
                assert not gives_away(answer)
    assert (ChatSession.objects.count(), CustomUser.objects.count()) == before


JSON = {"content_type": "application/json"}


def test_signing_in_tells_nothing_of_others(hands, settings):
    """allauth's addresses: whatever they answer, it is nothing of the owner's."""
    settings.THROTTLE_SIGN_IN = "100000/s"
    given_away, broken = [], []
    for hand, client in [one for one in hands.items() if one[0] != "plain token"]:
        for path, name in SIGN_IN:
            for method in ("get", "post", "delete") if hand == "plain user" else METHODS:
                body = {} if method == "get" else f'{{"email": "{EMAIL}"}}'
                answer = getattr(client, method)("/" + path_of(path, name), body, **JSON)
                text = answer.content.decode(errors="replace")
                if WORD in text or (method == "get" and EMAIL in text):
                    given_away.append((hand, method, path))
                if answer.status_code >= 500:
                    broken.append((hand, method, path, answer.status_code))
    assert (given_away, broken) == ([], [])
    owner = CustomUser.objects.get(email=EMAIL)
    assert (owner.is_active, owner.token_version) == (True, 1)


def path_of(path: str, name: str) -> str:
    return filled(path, name).removeprefix("/").replace("<client>", "app")
