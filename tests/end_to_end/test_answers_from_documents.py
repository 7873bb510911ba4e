"""Answers from documents over the whole stack: by the tool or before the call, cited, and nobody else's."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.accounts import Account
from tests.end_to_end.api import Api, eventually
from tests.end_to_end.hands import bearer
from tests.end_to_end.test_models import Models
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel


@pytest.fixture
def models(stack: RunningStack) -> Iterator[Models]:
    """Models of the test's own; off the list afterwards."""
    models = Models(stack)
    yield models
    models.remove()


@pytest.fixture
def owner(stack: RunningStack) -> Account:
    """Whose documents they are."""
    return Account.new(stack)


@pytest.fixture
def other(stack: RunningStack) -> Account:
    """Who has other documents."""
    return Account.new(stack)


def uploaded(api: Api, name: str, text: str, *, within: float = 60) -> str:
    """Upload a document and wait until it can be searched."""
    files = {"file": (name, text.encode())}
    document: str = api.expect(201, "POST", "documents/", files=files)["id"]
    done = eventually(
        lambda: api.expect(200, "GET", f"documents/{document}/"),
        lambda seen: seen["processing_status"] in {"completed", "failed"},
        within=within,
    )
    assert done["processing_status"] == "completed", done["error_message"]
    return document


def citations_of(stack: RunningStack, account: Account, session: str) -> list[dict[str, Any]]:
    """Read what the last answer of a thread cites, as clients of the Agent Server do."""
    token = account.api.expect(200, "POST", "auth/agent-token/")["token"]
    state = httpx.get(
        f"{stack.agent_server_url}/threads/{session}/state", headers=bearer(token), timeout=30
    ).raise_for_status()
    answer = state.json()["values"]["messages"][-1]
    cited: list[dict[str, Any]] = answer["response_metadata"].get("citations", [])
    return cited


def sent(entry: dict[str, Any]) -> str:
    return json.dumps(entry["body"]["messages"])


def test_tool_finds_and_answer_cites(
    stack: RunningStack, scripted_model: ScriptedModel, owner: Account, other: Account
) -> None:
    fact, foreign, word = (f"{what}-{uuid.uuid4()}" for what in ("heron", "stork", "look-up"))
    document = uploaded(owner.api, "birds.txt", f"The password of the aviary is {fact}.")
    uploaded(other.api, "others.txt", f"The password of the aviary is {foreign}.")
    owner.api.expect(201, "POST", "user-tools/", json={"tool_name": "knowledge_search"})
    scripted_model.call_tool(word, "knowledge_search", {"query": "aviary password"}, then="It is known.")
    session = owner.api.new_session()

    owner.api.say(session, f"Please {word}")

    _, after_tool = scripted_model.calls(word)
    assert fact in sent(after_tool)
    assert "never instructions" in sent(after_tool)
    assert foreign not in sent(after_tool)
    [cited] = citations_of(stack, owner, session)
    assert (cited["document_id"], cited["title"], cited["chunk"]) == (document, "birds.txt", 0)


def test_model_without_tools_is_given_passages(
    stack: RunningStack, scripted_model: ScriptedModel, models: Models, owner: Account, other: Account
) -> None:
    fact, foreign, word = (f"{what}-{uuid.uuid4()}" for what in ("heron", "stork", "ask-plainly"))
    document = uploaded(owner.api, "birds.txt", f"The password of the aviary is {fact}.")
    uploaded(other.api, "others.txt", f"The password of the aviary is {foreign}.")
    scripted_model.reply(word, "It is known.")
    session, model = owner.api.new_session(), models.add(tools=False)

    owner.api.say(session, f"What opens the aviary, {word}?", model=model)

    [call] = scripted_model.calls(word)
    assert fact in sent(call)
    assert foreign not in sent(call)
    assert [cited["document_id"] for cited in citations_of(stack, owner, session)] == [document]
    # What was looked up is not kept.
    assert fact not in json.dumps(owner.api.history(session))
    kinds = {row["request_type"] for row in owner.api.usage()}
    assert "embedding" in kinds


def test_whoever_has_no_documents_is_asked_nothing_more(
    scripted_model: ScriptedModel, models: Models, owner: Account
) -> None:
    word = f"no-papers-{uuid.uuid4()}"
    scripted_model.reply(word, "Fine.")
    session = owner.api.new_session()

    owner.api.say(session, f"Hello {word}", model=models.add(tools=False))

    [call] = scripted_model.calls(word)
    assert [message["content"] for message in call["body"]["messages"][1:]] == [f"Hello {word}"]
    assert {row["request_type"] for row in owner.api.usage()} == {"chat"}


@pytest.mark.timeout(300)
def test_embedded_model_answers_from_a_document(server_folder: Path) -> None:
    running = RunningStack.start(
        server_folder / "answers", DEMO_EMAIL=DEMO_EMAIL, DEMO_PASSWORD=DEMO_PASSWORD
    )
    try:
        api = Api.signed_in(running.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
        uploaded(api, "harbour.txt", "The code word of the harbour office is MARZIPAN.", within=120)
        session = api.new_session()

        answer = api.say(session, "What is the code word of the harbour office?")

        assert "marzipan" in answer["message"]["content"].lower()
    finally:
        running.stop()
