"""Every operation of a running control plane's own document, tried on what one account has there.

The measure needs no table: to a stranger, what is somebody else's has to look exactly like what is not there.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.isolation.accounts import Account, bad_tokens, bearer
from tests.isolation.findings import Findings
from tests.isolation.possessions import SECRETS_IN_ALL, possess, secret_word

METHODS = ("get", "post", "put", "patch", "delete")
SIGNED_OUT = frozenset({"401 not_authenticated", "401 token_not_valid"})
# Scopes do not open what is about the account's own security.
READ_ONLY = frozenset({"403 scope_missing", "403 personal_token_not_allowed"})
# They would end the tokens that the matrix works with, or the account; exports and receipts come only later.
LEFT_OUT = {
    "auth_sign_out_everywhere",
    "me_delete",
    "exports_request",
    "exports_read",
    "exports_delete",
    "exports_download",
    "deletions_retrieve",
    # No account comes by one without a model that asks for a tool; their matrix is the control plane's own.
    "approvals_retrieve",
    "approvals_decide",
    "memories_delete",
}
NOT_THERE = "404 not_found"
# Where the document's example names what only its own system has.
BODIES: dict[str, Any] = {
    "messages_send": {"message": "Say hello."},
    "prompts_change": {"description": "Changed."},
    "feedback_give": {"message_index": 1, "rating": "thumbs_up"},
}
# The owner's own order: what closes or takes away comes last, and what is inside before what is around.
LAST = ("messages_send", "feedback_give", "feedback_withdraw", "sessions_archive", "sessions_restore")
# The one of the owner's own tries that makes a thing of its own.
FORKS = "sessions_fork"
# What its owner may be told of a thing that is there, where the request cannot be a right one for all.
OWNER_IS_TOLD = {
    # The example's own values, which need not be this system's: a tool, an index, a model, a variable.
    "provider_keys_validate": "422",
    "sessions_change": "422",
    "prompts_render": "422",
    "prompts_rate": "403",
    "sessions_apply_prompt": "404",
    "runs_cancel": "409",
    "documents_process": "409",
}


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    ids: tuple[str, ...]
    body: Any

    @property
    def route(self) -> str:
        """How the matrix calls it."""
        return f"{self.method.upper()} {self.path.removeprefix('/api/v1')}"

    def send(self, http: httpx.Client, ids: dict[str, str], headers: dict[str, str]) -> tuple[str, str]:
        """Send it; returns status and code in a word, and the text."""
        response = http.request(self.method, self.path.format_map(ids), json=self.body, headers=headers)
        text = response.text
        if response.is_success:
            return str(response.status_code), text
        code = response.json()["error"]["code"]
        return f"{response.status_code} {code}", text


def rest_matrix(url: str, owner: Account, other: Account) -> Findings:
    """Try every operation; what was made for it is deleted afterwards, and nothing else is touched."""
    findings = Findings("REST")
    with httpx.Client(base_url=url, timeout=60) as http, possess(owner) as mine:
        operations = list(_operations(http))
        before = _look(http, operations, mine, owner)
        hands = _strangers(owner, other)
        for operation in operations:
            for hand, headers in hands.items():
                _by_nobody(findings, http, operation, mine, hand, headers)
            _by_other(findings, http, operation, mine, other)
        if _look(http, operations, mine, owner) != before:
            findings.leaks.append("something of the owner's was changed")
        _by_own_reader(findings, http, operations, mine, owner)
        for operation in sorted(operations, key=_turn):
            if operation.ids:
                _by_owner(findings, http, operation, mine, owner)
    return findings


def _turn(operation: Operation) -> tuple[bool, int]:
    is_last = operation.name in LAST
    return operation.method == "delete" and not is_last, LAST.index(operation.name) + 1 if is_last else 0


def _operations(http: httpx.Client) -> Iterator[Operation]:
    """Read the URL map of the running system: what nobody has to sign in for is left out."""
    document = http.get("/api/v1/schema/", params={"format": "json"}).raise_for_status().json()
    for path, verbs in document["paths"].items():
        for method in METHODS:
            entry = verbs.get(method)
            if entry is None or {} in entry.get("security", [{}]) or entry["operationId"] in LEFT_OUT:
                continue
            named = [*verbs.get("parameters", ()), *entry.get("parameters", ())]
            ids = tuple(one["name"] for one in named if one["in"] == "path")
            yield Operation(entry["operationId"], method, path, ids, _example(entry))


def _example(entry: dict[str, Any]) -> Any:
    content = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [example["value"] for example in content.get("examples", {}).values()]
    return BODIES.get(entry["operationId"], examples[0] if examples else None)


def _strangers(owner: Account, other: Account) -> dict[str, dict[str, str]]:
    return {"nobody": {}, "agent token": bearer(owner.agent), **bad_tokens(owner.access, other.access)}


def _by_nobody(
    findings: Findings,
    http: httpx.Client,
    operation: Operation,
    mine: dict[str, str],
    hand: str,
    headers: dict[str, str],
) -> None:
    answer, _ = operation.send(http, mine, headers)
    findings.expect(operation.route, hand, answer, SIGNED_OUT)


def _by_other(
    findings: Findings, http: httpx.Client, operation: Operation, mine: dict[str, str], other: Account
) -> None:
    """Another user: ids of others are as if they were not there, and lists hold none of the owner's words."""
    hand, shown = "another user", bearer(other.access)
    if not operation.ids and operation.method != "get":
        return
    answer, text = operation.send(http, mine, shown)
    if operation.ids:
        nowhere, _ = operation.send(http, {**mine, **dict.fromkeys(_uuids(mine), str(uuid.uuid4()))}, shown)
        findings.expect(operation.route, hand, answer, {nowhere} - {"200", "201", "202", "204"})
    else:
        findings.note(operation.route, hand, answer)
    if secret_word(mine) in text:
        findings.leaks.append(f"{hand}: {operation.route}: gives the owner's words away")


def _by_own_reader(
    findings: Findings,
    http: httpx.Client,
    operations: list[Operation],
    mine: dict[str, str],
    owner: Account,
) -> None:
    """The owner's own token with too small a scope changes nothing."""
    token_id, secret = owner.personal_token("read")
    for operation in operations:
        if operation.method != "get":
            answer, _ = operation.send(http, mine, bearer(secret))
            findings.expect(operation.route, "own reading token", answer, READ_ONLY)
    owner.api.expect(204, "DELETE", f"auth/personal-access-tokens/{token_id}/")


def _by_owner(
    findings: Findings, http: httpx.Client, operation: Operation, mine: dict[str, str], owner: Account
) -> None:
    answer, text = operation.send(http, mine, bearer(owner.access))
    if operation.name == FORKS and answer == "201":
        owner.api.http.delete(f"sessions/{json.loads(text)['id']}/")
    is_told = OWNER_IS_TOLD.get(operation.name)
    is_right = answer[:1] == "2" or (is_told is not None and answer.startswith(is_told))
    findings.expect(operation.route, "owner", answer, {answer if is_right else "2xx"})


def _look(
    http: httpx.Client, operations: list[Operation], mine: dict[str, str], owner: Account
) -> dict[str, str]:
    """Read everything of the owner's that an id names."""
    seen = {}
    for operation in operations:
        if operation.method == "get" and operation.ids:
            answer, seen[operation.route] = operation.send(http, mine, bearer(owner.access))
            assert answer == "200", f"the owner does not see {operation.route}: {answer}"
    assert any(secret_word(mine) in text for text in seen.values()), SECRETS_IN_ALL
    return seen


def _uuids(mine: dict[str, str]) -> list[str]:
    return [name for name, value in mine.items() if name.endswith("_id") and len(value) == 36]
