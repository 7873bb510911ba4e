"""Memory over the whole stack: kept in one session, found by meaning in another, by its owner alone."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.end_to_end.accounts import Account
from tests.isolation.accounts import bearer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

DIMENSIONS = 1536


def direction(*parts: float) -> list[float]:
    """A vector that points mostly into the first given direction."""
    return [*parts, *[0.0] * (DIMENSIONS - len(parts))]


class Remembering:
    """One user with the tools of memory, and the words that the scripted model knows them by."""

    def __init__(self, account: Account, model: ScriptedModel) -> None:
        self.account, self.api, self.model = account, account.api, model
        self.mark = uuid.uuid4().hex
        for name in ("remember", "recall"):
            self.api.expect(201, "POST", "user-tools/", json={"tool_name": name})

    def remember(self, text: str, vector: list[float], *, session: str = "") -> str:
        """Have the agent remember a text; returns what the tool said."""
        words = f"keep-{uuid.uuid4().hex}"
        self.model.script({"match": {"inputText": text}, "response": {"embedding": vector}})
        self.model.call_tool(words, "remember", {"text": text}, then="Kept.")
        return self._say(words, session)

    def recall(self, question: str, vector: list[float], *, session: str = "") -> str:
        """Have the agent recall; returns what the tool said."""
        words = f"recall-{uuid.uuid4().hex}"
        self.model.script({"match": {"inputText": question}, "response": {"embedding": vector}})
        self.model.call_tool(words, "recall", {"query": question}, then="Recalled.")
        return self._say(words, session)

    def _say(self, words: str, session: str) -> str:
        session = session or self.api.new_session()
        self.api.say(session, words)
        results = [message for message in self.api.history(session) if message["role"] == "tool"]
        return str(results[-1]["content"])

    def embedded(self) -> list[str]:
        """The attempts of this user's embeddings as the provider saw them."""
        return sorted(
            attempt_id(entry)
            for entry in self.model.journal()
            if self.mark in str((entry.get("body") or {}).get("embeddingInput", ""))
        )


@pytest.fixture
def owner(stack: RunningStack, scripted_model: ScriptedModel) -> Remembering:
    return Remembering(Account.new(stack), scripted_model)


@pytest.fixture
def other(stack: RunningStack, scripted_model: ScriptedModel) -> Remembering:
    return Remembering(Account.new(stack), scripted_model)


@pytest.fixture
def sdk(stack: RunningStack, owner: Remembering) -> Iterator[httpx.Client]:
    """The Agent Server as its owner reaches it directly."""
    token = owner.api.expect(200, "POST", "auth/agent-token/")["token"]
    with httpx.Client(base_url=stack.agent_server_url, headers=bearer(token), timeout=30) as client:
        yield client


def test_a_memory_is_found_by_its_meaning_in_another_session_and_by_its_owner_alone(
    owner: Remembering, other: Remembering
) -> None:
    dog = f"The user has a dog called Rex {owner.mark}"
    city = f"The user lives in Lisbon {owner.mark}"

    assert owner.remember(dog, direction(1, 0)) == "Remembered."
    assert owner.remember(city, direction(0, 1)) == "Remembered."
    assert owner.remember(dog, direction(1, 0)) == "This is remembered already."

    found = owner.recall(f"Which pet is there? {owner.mark}", direction(0.9, 0.1))
    assert found.index(dog) < found.index(city)
    assert other.recall(f"Anything of anybody? {other.mark}", direction(1, 0)) == "Nothing is remembered."

    rows = owner.api.settled_usage(calls=3, request_type="embedding")
    assert sorted(row["id"] for row in rows) == owner.embedded()
    assert {(row["model_name"], row["is_estimated"]) for row in rows} == {("text-embedding-3-small", False)}
