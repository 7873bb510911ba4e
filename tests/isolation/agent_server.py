"""The routes of any Agent Server, tried on what one account makes there by another and by bad tokens."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.end_to_end.answers import ask
from tests.end_to_end.api import eventually
from tests.end_to_end.routes import TRIES, Ids, Try
from tests.isolation.accounts import Account, bad_tokens, bearer, is_let_in
from tests.isolation.findings import Findings

# Where `Ids.namespace` looks in the owner's part of the store.
SHELF = "notes"
STUDIO = {"x-auth-scheme": "langsmith"}
# A real model may be through with its long answer before its owner cancels it.
OWNER_OF_LIVE = frozenset({"202", "204", "404", "409"})


@dataclass(frozen=True)
class Belongings:
    """What the owner has at the Agent Server for the time of the matrix."""

    http: httpx.Client
    ids: Ids
    secret: str

    def look(self) -> dict[str, Any]:
        """Read what foreign hands could have changed."""
        thread, items = f"/threads/{self.ids.thread_id}", {"namespace_prefix": self.ids.namespace}
        return {
            "thread": _call(self.http, "GET", thread),
            "state": _call(self.http, "GET", f"{thread}/state"),
            "history": _call(self.http, "POST", f"{thread}/history", {"limit": 100}),
            "runs": _call(self.http, "GET", f"{thread}/runs"),
            "spare thread": _call(self.http, "GET", f"/threads/{self.ids.spare_thread}"),
            "items": _call(self.http, "POST", "/store/items/search", items),
        }


def agent_server_matrix(owner: Account, other: Account, *, is_quick: bool = False) -> Findings:
    """Try every route; what was made for it is deleted afterwards, and nothing else is touched."""
    findings = Findings("Agent Server")
    with httpx.Client(base_url=owner.agent_server_url, headers=bearer(owner.agent), timeout=60) as http:
        before = _threads(http)
        personal_id, personal = owner.personal_token("read", "write", "agent")
        try:
            mine = _belongings(http, owner.id)
            hands = {"personal token": bearer(personal), **_hands(http, owner, other, is_quick=is_quick)}
            _try_all(findings, mine, hands)
        finally:
            owner.api.http.delete(f"auth/personal-access-tokens/{personal_id}/")
            http.request("DELETE", "/store/items", json={"namespace": ["users", owner.id, SHELF], "key": "k"})
            # The owner's own tries have made some as well, a copy for one.
            for thread in _threads(http) - before:
                owner.api.http.delete(f"sessions/{thread}/")
    return findings


def _try_all(findings: Findings, mine: Belongings, hands: dict[str, dict[str, str]]) -> None:
    with httpx.Client(base_url=mine.http.base_url, timeout=60) as anybody:
        before = mine.look()
        for route, attempt in TRIES.items():
            for hand, headers in hands.items():
                answer, text = ask(anybody, route, attempt, mine.ids, dict(headers))
                findings.expect(route, hand, answer, {attempt.expected(hand)})
                if mine.secret in text:
                    findings.leaks.append(f"{hand}: {route}: gives the owner's words away")
        if mine.look() != before:
            findings.leaks.append("something of the owner's was changed")
        headers = dict(mine.http.headers.items())
        shown = {"Authorization": headers["authorization"]}
        for route, attempt in sorted(TRIES.items(), key=lambda entry: entry[1].order):
            answer, _ = ask(anybody, route, attempt, mine.ids, shown)
            findings.expect(route, "owner", answer, _right_for_owner(route, attempt))


def _right_for_owner(route: str, attempt: Try) -> frozenset[str]:
    if attempt.is_live or route == "POST /runs/cancel":
        return OWNER_OF_LIVE
    return frozenset({attempt.expected("owner")})


def _hands(
    http: httpx.Client, owner: Account, other: Account, *, is_quick: bool
) -> dict[str, dict[str, str]]:
    bad = bad_tokens(owner.agent, other.agent)
    hands = {
        "another user": bearer(other.agent),
        "nobody": {},
        "REST token": bearer(owner.access),
        **{name: headers for name, headers in bad.items() if not is_quick or name == "tampered token"},
        "studio header": STUDIO,
    }
    # On loopback `make up` lets Studio in, as a developer without anything.
    with httpx.Client(base_url=http.base_url, timeout=60) as anybody:
        if is_let_in(anybody, STUDIO):
            del hands["studio header"]
    return hands


def _belongings(http: httpx.Client, owner: str) -> Belongings:
    secret = f"secret-{uuid.uuid4()}"
    thread, spare, *live = (_thread(http) for _ in range(4))
    _call(http, "POST", f"/threads/{thread}/runs/wait", _turn(f"Say hello. {secret}"))
    (run,) = _call(http, "GET", f"/threads/{thread}/runs")
    item = {"namespace": ["users", owner, SHELF], "key": "k", "value": {"text": secret}}
    _call(http, "PUT", "/store/items", item)
    runs = [
        _call(http, "POST", f"/threads/{one}/runs", _turn("Tell a very long story."))["run_id"]
        for one in live
    ]
    ids = Ids(
        owner=owner,
        word="hello",
        assistant_id=_call(http, "POST", "/assistants/search", {"graph_id": "agent"})[0]["assistant_id"],
        thread_id=thread,
        run_id=run["run_id"],
        checkpoint_id=_call(http, "GET", f"/threads/{thread}/state")["checkpoint"]["checkpoint_id"],
        cron_id=str(uuid.uuid4()),
        spare_thread=spare,
        live_threads=(live[0], live[1]),
        live_runs=(runs[0], runs[1]),
    )
    settled = eventually(
        lambda: _call(http, "GET", f"/threads/{thread}"), lambda one: one["status"] != "busy", within=60
    )
    assert settled["status"] == "idle", f"the owner's own turn failed: {settled['status']}"
    return Belongings(http, ids, secret)


def _threads(http: httpx.Client) -> set[str]:
    found = _call(http, "POST", "/threads/search", {"limit": 1000, "select": ["thread_id"]})
    return {entry["thread_id"] for entry in found}


def _thread(http: httpx.Client) -> str:
    return str(_call(http, "POST", "/threads", {"metadata": {"graph_id": "agent"}})["thread_id"])


def _turn(text: str) -> dict[str, Any]:
    return {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": text}]}}


def _call(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    response = http.request(method, path, json=body)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:800]}"
    return response.json() if response.content else None
