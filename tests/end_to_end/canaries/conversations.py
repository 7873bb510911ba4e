"""What is said: turns with keys and tools, summaries, and everything that can go wrong with them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.fernet import Fernet
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing

from tests.end_to_end.canaries import indiscreet_provider as provider_words
from tests.end_to_end.canaries.inhabited_system import InhabitedSystem, new_secret
from tests.end_to_end.canaries.people import MEMBER, People, ask_for_codes, ok
from tests.end_to_end.hands import TokenMaker

V1 = "/api/v1/"
FAULTS = {
    provider_words.BUSY: 503,
    provider_words.BROKEN: 502,
    provider_words.GARBLED: 502,
}
SCHEMA = {
    "type": "object",
    "properties": {"api_key": {"type": "string", "writeOnly": True}, "region": {"type": "string"}},
}
LONG = "Tell me more of the same, and then some. " * 60


@dataclass
class Traces:
    """The ids of what the conversations left, by what addresses call them."""

    ids: dict[str, str] = field(default_factory=dict)
    threads: list[str] = field(default_factory=list)


def converse(system: InhabitedSystem, people: People) -> Traces:
    """Say all of it, as the member with their own key and as the administrator with the house's."""
    traces = Traces()
    _bring_keys(system, people, traces)
    _configure_tool(system, people, traces)
    _turns(system, people, traces)
    _summarizer(system, people, traces)
    _upload(people, traces)
    _at_the_agent_server(system, people, traces)
    _faults(system, people)
    _crash(system, people)
    ask_for_codes(system)
    system.wait_until_settled()
    _prove_channels(system)
    _prove_house_keys(system)
    return traces


def _bring_keys(system: InhabitedSystem, people: People, traces: Traces) -> None:
    hearing, member = system.hearing, people.member
    good, bad, old = (
        hearing.learn(name, new_secret("sk-own")) for name in ("own key", "spare key", "old key")
    )
    refused = hearing.learn("key that is bad", new_secret("sk-bad"))
    given = {"provider": "openai", "key_name": "Mine", "api_key": old}
    key = ok(member.post(f"{V1}provider-keys/", json=given, headers={"Idempotency-Key": "once"}))
    ok(member.post(f"{V1}provider-keys/", json=given, headers={"Idempotency-Key": "once"}))
    address = f"{V1}provider-keys/{key['id']}/"
    traces.ids["key_id"] = key["id"]
    ok(member.post(f"{address}validate/"))
    ok(member.patch(address, json={"api_key": good}))
    ok(member.post(f"{address}validate/"))
    for name, text in (("spare key", bad), ("key that is bad", refused)):
        other = ok(member.post(f"{V1}provider-keys/", json={**given, "key_name": "Other", "api_key": text}))
        ok(member.post(f"{V1}provider-keys/{other['id']}/validate/"))
        hearing.prove(name, "sent to the provider", holds=text in system.provider.keys)
    hearing.prove("old key", "sent to the provider", holds=old in system.provider.keys)
    for body in (
        {**given, "provider": "nobody"},
        {**given, "api_key": good * 20},
        {**given, "api_key": f"{good}\u0000"},
        {**given, "api_key": [good]},
        {**given, "api_key": {"key": good}},
        {**given, "api_key": f"{good} {bad}", "base_url": "http://nobody.test/"},
    ):
        ok(member.post(f"{V1}provider-keys/", json=body), 422)
    cut = json.dumps(given).encode()[:-3]
    ok(member.post(f"{V1}provider-keys/", content=cut, headers={"Content-Type": "application/json"}), 400)
    ok(member.post(f"{V1}provider-keys/", content=good, headers={"Content-Type": "text/plain"}), 415)


def _configure_tool(system: InhabitedSystem, people: People, traces: Traces) -> None:
    secret = system.hearing.learn("tool's secret", new_secret("tool"))
    system.query(
        "UPDATE tools_availabletool SET config_schema = %s WHERE tool_name = 'calculator'",
        (json.dumps(SCHEMA),),
    )
    body = {"tool_name": "calculator", "configuration": {"api_key": secret, "region": "eu"}}
    tool = ok(people.member.post(f"{V1}user-tools/", json=body))
    traces.ids["user_tool_id"] = tool["id"]
    wrong = {"configuration": {"api_key": secret, "region": [secret]}}
    ok(
        people.member.patch(f"{V1}user-tools/{tool['id']}/", json={"configuration": {"api_key": [secret]}}),
        422,
    )
    people.member.patch(f"{V1}user-tools/{tool['id']}/", json={**wrong, "is_enabled": secret})


def _turns(system: InhabitedSystem, people: People, traces: Traces) -> None:
    session = _session(people.member, traces)
    traces.ids["session_id"] = session
    first = _say(people.member, session, f"Compute {provider_words.TOOL}, please.")
    traces.ids["run_id"] = first["run_id"]
    ok(people.member.patch(f"{V1}sessions/{session}/", json={"summarization_threshold": 256}))
    for _ in range(2):
        _say(people.member, session, LONG)
    message = {"message": "Once more.", "on_disconnect": "continue"}
    streamed = people.member.post(
        f"{V1}sessions/{session}/messages/", json=message, headers={"Accept": "text/event-stream"}
    )
    assert "event: end" in streamed.text
    for who in (people.administrator, people.member):
        for word, status in FAULTS.items():
            _say(who, _session(who, traces), f"You have {word}.", status=status)
        _say(who, _session(who, traces), f"There is {provider_words.CUT}.", status=None)
    _say(people.administrator, _session(people.administrator, traces), "Hello.")
    _say(people.administrator, _session(people.administrator, traces), provider_words.REFUSED, status=502)
    _limit(people, traces)
    _say(people.member, _session(people.member, traces), provider_words.REFUSED, status=409)
    feedback = {"message_id": _last_answer(people.member, session), "rating": "positive"}
    people.member.post(f"{V1}sessions/{session}/feedback/", json=feedback)


def _limit(people: People, traces: Traces) -> None:
    address = f"{V1}provider-keys/{traces.ids['key_id']}/"
    ok(people.member.patch(address, json={"daily_limit": 1}))
    _say(people.member, _session(people.member, traces), "Hello?", status=429)
    ok(people.member.patch(address, json={"daily_limit": None}))


def _session(who: httpx.Client, traces: Traces) -> str:
    session = str(ok(who.post(f"{V1}sessions/", json={"title": "A talk"}))["id"])
    traces.threads.append(session)
    return session


def _say(who: httpx.Client, session: str, text: str, *, status: int | None = 200) -> Any:
    answer = who.post(f"{V1}sessions/{session}/messages/", json={"message": text})
    assert status in (None, answer.status_code), f"{text[:40]}: {answer.status_code} {answer.text}"
    return answer.json()


def _last_answer(who: httpx.Client, session: str) -> str:
    return str(ok(who.get(f"{V1}sessions/{session}/history/"))["messages"][-1]["id"])


def _summarizer(system: InhabitedSystem, people: People, traces: Traces) -> None:
    """Name and summarize the conversation as the control plane does, billed to the member."""
    token = TokenMaker(system.stack).service()
    text = system.hearing.learn("service token", token["Authorization"].rpartition(".")[2])
    assert text
    service = system.hearing.client(system.stack.agent_server_url, headers=token)
    for task in ("title", "summary"):
        asked = {
            "assistant_id": "summarizer",
            "input": {"task": task, "messages": [{"role": "user", "content": f"On {task}s."}]},
            "config": {"configurable": {"user_id": people.member_id}},
            "metadata": {"user_id": people.member_id},
        }
        answer = service.post("/runs/wait", json=asked)
        assert answer.status_code < 500, answer.text
    ok(service.post("/threads/search", json={"limit": 5}))
    system.hearing.prove("service token", "answered by the Agent Server")


def _upload(people: People, traces: Traces) -> None:
    files = {"file": ("notes.txt", b"Nothing of interest.", "text/plain")}
    answer = people.member.post(f"{V1}documents/", files=files)
    traces.ids["document_id"] = ok(answer)["id"]
    people.member.post(f"{V1}documents/", files={"file": ("notes.exe", b"MZ", "application/x-msdownload")})


def _at_the_agent_server(system: InhabitedSystem, people: People, traces: Traces) -> None:
    """Use the SDK's routes as clients do, with secrets where they do not belong."""
    thread = ok(people.agent.post("/threads", json={}))["thread_id"]
    traces.threads.append(thread)
    said = {"messages": [{"role": "user", "content": "Hello there."}]}
    run = {"assistant_id": "agent", "input": said}
    token = system.hearing.canaries["agent token"].text
    people.agent.post(f"/threads/{thread}/runs/wait", json=run)
    with_key = {**run, "config": {"configurable": {"authorization": f"Bearer {token}"}}}
    people.agent.post(f"/threads/{thread}/runs/stream", json={**with_key, "metadata": {"api_key": token}})
    people.agent.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "nobody", "input": said})
    people.agent.post(
        f"/threads/{thread}/runs/wait", content=b"{", headers={"Content-Type": "application/json"}
    )
    for forged in (f"x.y.{token}", token):
        people.agent.get("/threads/search", headers={"Authorization": f"Bearer {forged}"})
    people.agent.put(
        "/store/items", json={"namespace": ["users", people.member_id], "key": "a", "value": {"b": 1}}
    )


def _faults(system: InhabitedSystem, people: People) -> None:
    """Ask for what is not there, is not allowed or cannot be read, with every token in its header."""
    missing = "00000000-0000-7000-8000-000000000000"
    for who in (people.member, people.administrator):
        for method, path in (
            ("GET", f"sessions/{missing}/"),
            ("DELETE", "sessions/"),
            ("POST", "auth/agent-token/?format=html"),
            ("GET", "usage/?cursor=nonsense"),
            ("GET", "nowhere/"),
        ):
            who.request(method, f"{V1}{path}", headers={"Accept": "text/html"})
    people.office.get("/admin/nowhere/")
    people.office.get("/admin/accounts/customuser/not-an-id/change/")
    people.office.post("/admin/accounts/customuser/add/", data={"email": "x"})
    people.office.get("/", headers={"Host": "somewhere.else.test"})
    shared = system.hearing.canaries["CONTROL_PLANE_SECRET"].text
    wrong = system.hearing.client(system.url, headers={"X-Threadplane-Secret": f"{shared}x"})
    ok(wrong.post("/internal/runs/admit/", json={}), 403)
    right = system.hearing.client(system.url, headers={"X-Threadplane-Secret": shared})
    ok(right.post("/internal/runs/admit/", json={"run_id": "x"}), 422)
    ok(right.post("/internal/runs/admit/", content=b"{"), 400)
    hook = system.hearing.canaries["LG_WEBHOOK_SECRET"].text
    forged = system.hearing.client(system.url, headers={"X-Threadplane-Webhook": f"{hook}x"})
    ok(forged.post("/internal/webhooks/runs/", json={}), 403)


def _crash(system: InhabitedSystem, people: People) -> None:
    """Provoke faults that nobody foresaw, in requests that are full of secrets."""
    hearing = system.hearing
    key, password = hearing.canaries["own key"].text, hearing.canaries["member's password"].text
    with _missing(system, "provider_keys_userapikey"):
        body = {"provider": "openai", "key_name": "Mine", "api_key": key}
        ok(people.member.post(f"{V1}provider-keys/", json=body), 500)
        assert people.office.get("/admin/provider_keys/userapikey/").status_code == 500
    with _missing(system, "tools_usertool"):
        secret = hearing.canaries["tool's secret"].text
        body = {"tool_name": "calculator", "configuration": {"api_key": secret}}
        ok(people.member.post(f"{V1}user-tools/", json=body), 500)
    with _missing(system, "mfa_authenticator"):
        stranger = hearing.client(system.url)
        sign_in = {"email": MEMBER, "password": password, "code": "123456"}
        ok(stranger.post(f"{V1}auth/token/", json=sign_in), 500)
    with _missing(system, "accounts_personalaccesstoken"):
        personal = {"Authorization": f"Bearer {hearing.canaries['personal access token'].text}"}
        ok(hearing.client(system.url).get(f"{V1}me/", headers=personal), 500)
    with _missing(system, "django_session"):
        assert people.office.get("/admin/").status_code == 500


@contextmanager
def _missing(system: InhabitedSystem, table: str) -> Iterator[None]:
    system.query(f"ALTER TABLE {table} RENAME TO {table}_elsewhere")
    try:
        yield
    finally:
        system.query(f"ALTER TABLE {table}_elsewhere RENAME TO {table}")


def _prove_channels(system: InhabitedSystem) -> None:
    hearing, proxy = system.hearing, system.proxy
    texts = {name: canary.text for name, canary in hearing.canaries.items()}
    for name in ("own key", "house key"):
        hearing.prove(name, "sent to the provider", holds=texts[name] in system.provider.keys)
    permits = [one.answer.decode() for one in proxy.at("/tool-calls/")]
    held = any(texts["tool's secret"] in answer for answer in permits)
    hearing.prove("tool's secret", "in the permit of the tool's call", holds=held)
    sent = {one.headers.get("X-Threadplane-Secret") for one in proxy.at("/internal/runs/")}
    hearing.prove(
        "CONTROL_PLANE_SECRET", "sent with admissions", holds=sent == {texts["CONTROL_PLANE_SECRET"]}
    )
    hooks = {one.headers.get("X-Threadplane-Webhook") for one in proxy.at("/internal/webhooks/")}
    hearing.prove("LG_WEBHOOK_SECRET", "sent with webhooks", holds=hooks == {texts["LG_WEBHOOK_SECRET"]})


def _prove_house_keys(system: InhabitedSystem) -> None:
    """Open with each key what the system has sealed or signed, and every door with its password."""
    texts = {name: canary.text for name, canary in system.hearing.canaries.items()}
    sealed = "SELECT encrypted_key FROM provider_keys_userapikey WHERE last_four = %s"
    [(token,)] = system.query(sealed, (texts["own key"][-4:],))
    opened = Fernet(texts["FERNET_KEYS"]).decrypt(token.encode()).decode()
    system.hearing.prove("FERNET_KEYS", "opens a key in the database", holds=opened == texts["own key"])
    data = system.query("SELECT session_data FROM django_session LIMIT 1")[0][0]
    signed = Fernet(texts["FERNET_KEYS"]).decrypt(data.encode()).decode()
    signing.loads(
        signed,
        key=texts["DJANGO_SECRET_KEY"],
        salt="django.contrib.sessions.SessionStore",
        serializer=JSONSerializer,
    )
    system.hearing.prove("DJANGO_SECRET_KEY", "signs browser sessions")
    stack = system.stack.environment
    for name, address in (("database password", "DATABASE_URL"), ("Valkey password", "REDIS_URL")):
        system.hearing.prove(name, "in the address that is connected to", holds=texts[name] in stack[address])
