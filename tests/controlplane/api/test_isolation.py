"""No address of the API shows or changes anything of another user's, nor anything at all to nobody.

The cases are made from the URL map: a new address is tested as soon as it is there. The `possessions`
module of each app's tests says what they are about:

- `make(user) -> dict[str, object]`: one of everything that addresses name, by the names they use;
- `BODIES`: for an address and a method, a body that would be accepted, so that only ownership can be the
  reason for a refusal;
- `PUBLIC`: addresses for everybody, `SHARED`: addresses of what all users see alike.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.core import serializers
from django.urls import URLPattern, get_resolver, reverse
from rest_framework.test import APIClient

from controlplane.accounts.agent_tokens import mint_for_service
from controlplane.chat.models import ChatSession

TESTS = Path(__file__).resolve().parents[1]
METHODS = ("get", "post", "put", "patch", "delete")
# What the owner may be told of a thing that is there.
OWNER_IS_TOLD = {
    # The mirrored run was never started at the Agent Server, which says so itself.
    "run-cancel": (404, "run_not_found"),
    "run-stream": (404, "run_not_found"),
    # Only a failed document is processed again.
    "document-process": (409, "document_not_failed"),
}


def possessions() -> list[ModuleType]:
    names = sorted(path.parent.name for path in TESTS.glob("*/possessions.py"))
    return [import_module(f"tests.controlplane.{name}.possessions") for name in names]


POSSESSIONS = possessions()
PUBLIC = {name for module in POSSESSIONS for name in module.PUBLIC}
SHARED = {name for module in POSSESSIONS for name in module.SHARED}
BODIES = {key: body for module in POSSESSIONS for key, body in module.BODIES.items()}


@dataclass(frozen=True)
class Endpoint:
    """One method of one address."""

    name: str
    method: str
    ids: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method}-{self.name}"


def patterns(resolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry
        else:
            yield from patterns(entry, path)


def endpoints() -> list[Endpoint]:
    return [
        Endpoint(pattern.name, method, frozenset(pattern.pattern.converters))
        for path, pattern in patterns(get_resolver())
        if path.startswith("api/v1/")
        for method in methods_of(pattern)
    ]


def methods_of(pattern: URLPattern) -> list[str]:
    """What an address answers to, whether a view or a view set stands behind it."""
    actions = getattr(pattern.callback, "actions", None)
    if actions is not None:
        return [method for method in METHODS if method in actions]
    return [method for method in METHODS if hasattr(pattern.callback.view_class, method)]


CLOSED = [endpoint for endpoint in endpoints() if endpoint.name not in PUBLIC]
OF_SOMEBODY = [endpoint for endpoint in CLOSED if endpoint.ids and endpoint.name not in SHARED]


@pytest.fixture
def belongings(user, agent_server) -> dict[str, object]:
    """One of everything, all the user's; by the names that addresses use."""
    return {name: value for module in POSSESSIONS for name, value in module.make(user).items()}


def state_of_the_world(agent_server, session_id: object) -> str:
    """Everything that a forbidden call could have changed."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("controlplane.")]
    rows = [serializers.serialize("json", model.objects.order_by("pk")) for model in ours]
    service = agent_server.acting_as(mint_for_service().token)
    thread = async_to_sync(service.get_thread)(session_id)
    runs = async_to_sync(service.list_runs)(session_id)
    return json.dumps([rows, str(thread), str(runs)])


def call(client: APIClient, endpoint: Endpoint, belongings: dict[str, object]):
    address = reverse(endpoint.name, kwargs={name: belongings[name] for name in endpoint.ids})
    body = BODIES.get((endpoint.name, endpoint.method), {})
    return getattr(client, endpoint.method)(address, None if endpoint.method == "get" else body)


def test_map_is_read():
    assert {str(endpoint) for endpoint in CLOSED} >= {
        "get-sessions",
        "post-sessions",
        "delete-session",
        "patch-session",
        "post-session-messages",
        "get-session-history",
        "post-run-cancel",
        "get-usage",
    }
    assert {endpoint.name for endpoint in endpoints()} >= PUBLIC


@pytest.mark.parametrize("endpoint", OF_SOMEBODY, ids=str)
def test_stranger_finds_nothing_and_changes_nothing(endpoint, belongings, stranger_api, agent_server):
    before = state_of_the_world(agent_server, belongings["session_id"])

    response = call(stranger_api, endpoint, belongings)

    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert state_of_the_world(agent_server, belongings["session_id"]) == before


@pytest.mark.parametrize("endpoint", CLOSED, ids=str)
def test_nobody_is_asked_to_sign_in(endpoint, belongings, agent_server):
    before = state_of_the_world(agent_server, belongings["session_id"])

    response = call(APIClient(), endpoint, belongings)

    assert (response.status_code, response.json()["error"]["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert state_of_the_world(agent_server, belongings["session_id"]) == before


@pytest.mark.parametrize("endpoint", OF_SOMEBODY, ids=str)
def test_owner_is_not_told_that_it_is_missing(endpoint, belongings, api, agent_server):
    response = call(api, endpoint, belongings)

    expected = OWNER_IS_TOLD.get(endpoint.name)
    # A file that is answered streams, and holds what it streams from.
    response.close()
    refused = response.status_code >= 300
    assert not refused or (response.status_code, response.json()["error"]["code"]) == expected


@pytest.mark.parametrize("name", ["sessions", "usage"])
def test_stranger_lists_nothing(name, belongings, stranger_api):
    assert stranger_api.get(reverse(name)).json()["results"] == []


def test_stranger_cannot_filter_by_ids_of_others(belongings, stranger_api):
    for query in (f"session={belongings['session_id']}", f"run={belongings['run_id']}"):
        assert stranger_api.get(f"{reverse('usage')}?{query}").json()["results"] == []


def test_run_of_another_session_is_not_found(belongings, api, user):
    other = ChatSession.objects.create(user=user)
    address = reverse("run-cancel", kwargs={"session_id": other.pk, "run_id": belongings["run_id"]})

    assert api.post(address).status_code == 404
