"""Models that fail, think, see or take no tools, over the whole stack; every attempt is in the ledger."""

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.end_to_end.api import Api
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
LISTED = """
    INSERT INTO language_models_allowedmodel
        (name, provider, display_name, supports_tools, supports_vision, supports_reasoning, price_source,
         is_active, is_default, updated_at, fallback_id)
    VALUES (%(name)s, 'openai', '', %(tools)s, %(vision)s, false, 'none', true, false, now(),
        (SELECT id FROM language_models_allowedmodel WHERE name = %(fallback)s))
"""


class Models:
    """The list of allowed models of the running stack."""

    def __init__(self, stack: RunningStack) -> None:
        self._address = stack.environment["DATABASE_URL"]
        self._names: list[str] = []

    def add(self, *, tools: bool = True, vision: bool = False, fallback: str | None = None) -> str:
        """List a model of a name of its own."""
        name = f"model-{uuid.uuid4()}"
        self._execute(LISTED, {"name": name, "tools": tools, "vision": vision, "fallback": fallback})
        self._names.append(name)
        return name

    def remove(self) -> None:
        """Take all of them off the list again."""
        of_ours = "name = ANY(%(names)s)"
        self._execute(
            f"UPDATE language_models_allowedmodel SET fallback_id = NULL WHERE {of_ours}",  # noqa: S608
            {"names": self._names},
        )
        self._execute(
            f"DELETE FROM language_models_allowedmodel WHERE {of_ours}",  # noqa: S608
            {"names": self._names},
        )

    def _execute(self, query: str, values: dict[str, Any]) -> None:
        with psycopg.connect(self._address) as connection:
            connection.execute(query, values)


@pytest.fixture
def models(stack: RunningStack) -> Iterator[Models]:
    """Models of the test's own; off the list afterwards."""
    models = Models(stack)
    yield models
    models.remove()


def rows_of(api: Api, session: str, calls: int) -> list[tuple[str, str]]:
    """Model and outcome of each call in the ledger, the oldest first."""
    rows = api.settled_usage(session=session, calls=calls)
    return [(row["model_name"], row["outcome"]) for row in sorted(rows, key=lambda row: row["id"])]


def test_busy_server_is_asked_again(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"busy-once-{uuid.uuid4()}"
    busy = {"error": {"message": "slow down", "type": "scripted"}, "status": 429, "retryAfter": 1}
    scripted_model.script(
        {"match": {"userMessage": word, "sequenceIndex": 0}, "response": busy},
        {"match": {"userMessage": word, "sequenceIndex": 1}, "response": {"content": "Now I can."}},
    )
    session = api.new_session()

    assert api.say(session, word)["message"]["content"] == "Now I can."
    assert rows_of(api, session, 2) == [("gpt-4o-mini", "failed"), ("gpt-4o-mini", "finished")]


def test_stream_cut_after_words_is_not_repeated(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"cut-late-{uuid.uuid4()}"
    scripted_model.reply(word, "word " * 50, latency=20, chunkSize=5, truncateAfterChunks=10)
    session = api.new_session()

    events = list(api.stream(session, word))

    heard = "".join(event.data["text"] for event in events if event.name == "token")
    assert heard.startswith("word word")
    assert [event.data["code"] for event in events if event.name == "error"] == ["model_unreachable"]
    assert rows_of(api, session, 1) == [("gpt-4o-mini", "failed")]
    assert len(scripted_model.calls(word)) == 1


def test_fallback_answers_and_both_are_in_the_ledger(
    api: Api, scripted_model: ScriptedModel, models: Models
) -> None:
    word = f"fallback-{uuid.uuid4()}"
    spare = models.add()
    main = models.add(fallback=spare)
    down = {"error": {"message": "down", "type": "scripted"}, "status": 500}
    scripted_model.script(
        {"match": {"userMessage": word, "model": main}, "response": down},
        {"match": {"userMessage": word, "model": spare}, "response": {"content": "I stand in."}},
    )
    session = api.new_session()

    assert api.say(session, word, model=main)["message"]["content"] == "I stand in."
    assert rows_of(api, session, 2) == [(main, "failed"), (spare, "finished")]


def test_reasoning_is_streamed_apart(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"think-{uuid.uuid4()}"
    thought = {"content": "It is 42.", "reasoning": "Six times seven."}
    scripted_model.script({"match": {"userMessage": word}, "response": thought})
    session = api.new_session()

    events = list(api.stream(session, word))

    said = {
        name: "".join(event.data["text"] for event in events if event.name == name)
        for name in ("reasoning", "token")
    }
    assert said == {"reasoning": "Six times seven.", "token": "It is 42."}
    answer = api.history(session)[-1]
    assert (answer["content"], answer["reasoning"]) == ("It is 42.", "Six times seven.")


def test_model_without_tools_is_offered_none(api: Api, scripted_model: ScriptedModel, models: Models) -> None:
    word = f"no-tools-{uuid.uuid4()}"
    scripted_model.reply(word, "In words alone.")
    session = api.new_session()

    api.say(session, word, model=models.add(tools=False))
    api.say(session, word, model=models.add(tools=True))

    assert ["tools" in call["body"] for call in scripted_model.calls(word)] == [False, True]


def test_image_is_seen_by_a_model_that_can_and_refused_for_one_that_cannot(
    api: Api, scripted_model: ScriptedModel, models: Models
) -> None:
    word = f"image-{uuid.uuid4()}"
    scripted_model.reply(word, "A cat.")
    seeing, blind = models.add(vision=True), models.add(vision=False)
    session = api.new_session()
    agent = api.expect(200, "POST", "auth/agent-token/")
    content = [{"type": "text", "text": word}, {"type": "image_url", "image_url": {"url": PNG}}]

    def show(model: str) -> httpx.Response:
        return httpx.post(
            f"{agent['agent_url']}/threads/{session}/runs/wait",
            headers={"Authorization": f"Bearer {agent['token']}"},
            json={
                "assistant_id": "agent",
                "input": {"messages": [{"role": "user", "content": content}]},
                "context": {"model": model},
            },
            timeout=60,
        )

    refused = show(blind)
    assert refused.status_code == 422
    assert "model_cannot_see" in refused.text
    assert scripted_model.calls(word) == []
    assert show(seeing).json()["messages"][-1]["content"] == "A cat."
    assert PNG in str(scripted_model.calls(word)[0]["body"])

    # The thread goes on with a model that cannot see what is in it.
    api.say(session, f"And then, {word}?", model=blind)
    assert PNG not in str(scripted_model.calls(word)[-1]["body"])
