"""A key is looked for everywhere after it was used in every way: in tables, logs, answers and pages."""

import logging

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.agent_server.bridges import bridge_for_user
from controlplane.provider_keys import views
from controlplane.provider_keys.models import UserAPIKey
from controlplane.runs.models import Run
from controlplane.runs.permits import CallRequest, Permit, call_permit
from controlplane.runs.settlement import settle_run
from controlplane.usage.models import TokenUsage
from sdk_bridge import RunRequest
from tests.controlplane import agent_server_double
from tests.controlplane.runs import agent

CANARY = "sk-canary-7Jq2ZtLm9XwVb4Ns"
INSIDE = "canary-7Jq2ZtLm9X"
KEYS = "/api/v1/provider-keys/"


@pytest.fixture
def permits(settings, monkeypatch) -> list[Permit]:
    """The permits that were given to an Agent Server whose runs ask for admission and permits."""
    given: list[Permit] = []

    def permit_and_note(request: CallRequest) -> Permit:
        given.append(call_permit(request))
        return given[-1]

    monkeypatch.setattr(agent, "call_permit", permit_and_note)
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    agent_server_double.install(admit=agent.admit, agent=agent.Agent().answer)
    return given


def chat(user) -> object:
    async def send() -> object:
        async with bridge_for_user(user) as bridge:
            request = RunRequest(on_disconnect="continue", message="Tea?", if_not_exists="create")
            handle = await bridge.start_run(user.pk, request)
            await bridge.wait_for_run(handle.thread_id, handle.run_id)
            return handle.run_id

    return async_to_sync(send)()


def tables_with(text: str) -> list[str]:
    """Name the tables of which any row has the text in any column."""
    names = connection.introspection.table_names()
    found = []
    with connection.cursor() as cursor:
        for name in names:
            quoted = connection.ops.quote_name(name)
            cursor.execute(
                f"SELECT count(*) FROM {quoted} t WHERE t::text LIKE %s",  # noqa: S608  # names of tables
                [f"%{text}%"],
            )
            if cursor.fetchone()[0]:
                found.append(name)
    return found


def test_key_is_nowhere_but_in_the_permit(api, user, make_user, permits, provider, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    provider.status = 200
    given = {"provider": "openai", "key_name": "Canary", "api_key": CANARY}
    answers = [api.post(KEYS, given, headers={"Idempotency-Key": "once"})]
    answers.append(api.post(KEYS, given, headers={"Idempotency-Key": "once"}))
    address = f"{KEYS}{UserAPIKey.objects.get().pk}/"
    answers += [api.post(f"{address}validate/"), api.get(address), api.get(KEYS)]
    answers.append(api.patch(address, {"api_key": CANARY, "daily_limit": 1000}))
    answers.append(api.post(KEYS, {**given, "provider": "nobody"}))

    run_id = chat(user)
    async_to_sync(settle_run)(run_id)
    answers += [api.get("/api/v1/usage/"), api.get("/api/v1/sessions/")]

    office = Client()
    office.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    for model, row in (("userapikey", UserAPIKey), ("run", Run), ("tokenusage", TokenUsage)):
        label = row._meta.app_label
        answers.append(office.get(reverse(f"admin:{label}_{model}_changelist")))
        answers.append(office.get(reverse(f"admin:{label}_{model}_change", args=[row.objects.get().pk])))

    assert [permit.api_key for permit in permits] == [CANARY]
    assert [asked[2] for asked in provider.asked] == [f"Bearer {CANARY}"]
    assert TokenUsage.objects.get().state == "settled"
    assert [answer.status_code for answer in answers[:7]] == [201, 201, 200, 200, 200, 200, 422]
    assert tables_with("Canary") == ["provider_keys_userapikey"]
    assert tables_with(INSIDE) == []
    for answer in answers:
        assert INSIDE not in answer.content.decode()
        assert INSIDE not in str(answer.headers)
    printed = capfd.readouterr()
    assert INSIDE not in caplog.text + printed.out + printed.err
    assert INSIDE not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("is_debugging", [True, False], ids=["debug", "live"])
def test_crash_shows_no_key(api: APIClient, settings, monkeypatch, caplog, capfd, is_debugging):
    settings.DEBUG = is_debugging

    def crash(**_: object) -> UserAPIKey:
        raise RuntimeError("boom")

    monkeypatch.setattr(views, "key_create", crash)
    answer = api.post(KEYS, {"provider": "openai", "key_name": "Canary", "api_key": CANARY})

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    printed = capfd.readouterr()
    assert INSIDE not in answer.content.decode() + caplog.text + printed.out + printed.err
