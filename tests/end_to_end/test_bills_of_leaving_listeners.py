"""A listener that hangs up gets the bill of what it chose: the whole answer, or what was said."""

import asyncio
import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.api import Api, eventually
from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.planes_apart import PlanesApart
from tests.end_to_end.sdk_listener import OnDisconnect, listening

CHARACTERS_PER_TOKEN = 4
PACE = {"streamingProfile": {"ttft": 20, "tps": 20}, "chunkSize": 10}
# At 200 characters a second: one to hear out, one that nobody waits for.
WHOLE, ENDLESS = "A word and more. " * 24, "A word and more. " * 600
Hang = Callable[[Api, str, str, OnDisconnect], tuple[str, str]]


def hang_up_over_rest(api: Api, session: str, text: str, on_disconnect: OnDisconnect) -> tuple[str, str]:
    """Leave REST's stream at the first word; return the run's id and what was heard."""
    run_id, heard = "", ""
    stream = api.stream(session, text, on_disconnect=on_disconnect)
    for event in stream:
        if event.name == "run":
            run_id = event.data["run_id"]
        if event.name == "token":
            heard = event.data["text"]
            break
    stream.close()
    return run_id, heard


def hang_up_in_the_sdk(api: Api, session: str, text: str, on_disconnect: OnDisconnect) -> tuple[str, str]:
    """Leave the Agent Server's stream at the first word; return the run's id and what was heard."""

    async def hang_up() -> tuple[str, str]:
        async with listening(api, session, text, on_disconnect=on_disconnect) as listener:
            await listener.first_words()
        return listener.run_id, listener.heard

    return asyncio.run(hang_up())


WAYS = [pytest.param(hang_up_over_rest, id="rest"), pytest.param(hang_up_in_the_sdk, id="python-sdk")]


def spoken_before(planes: PlanesApart, api: Api) -> tuple[str, list[tuple[str, str]]]:
    """Return a session with one turn in it, and that turn."""
    word = f"before-{uuid.uuid4()}"
    planes.model.reply(word, "Gladly.")
    session = api.new_session()
    planes.bills.settled(api.say(session, word)["run_id"])
    return session, [("human", word), ("ai", "Gladly.")]


def said(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Reduce messages to who said what."""
    return [(message["role"], message["content"]) for message in messages]


@pytest.mark.parametrize("hang_up", WAYS)
def test_run_goes_on_without_its_listener_and_is_billed_in_full(planes: PlanesApart, hang_up: Hang) -> None:
    api, word = planes.signed_in(), f"goes-on-{uuid.uuid4()}"
    planes.model.reply(word, WHOLE, prompt_tokens=31, completion_tokens=97, **PACE)
    session, before = spoken_before(planes, api)

    run_id, heard = hang_up(api, session, word, "continue")

    assert WHOLE.startswith(heard)
    assert len(heard) < len(WHOLE)
    assert planes.bills.run(run_id)["ended_at"] is None
    assert in_short(planes.bills.settled(run_id)) == exactly((31, 97))
    assert planes.bills.run(run_id)["status"] == "success"
    assert said(api.history(session)) == [*before, ("human", word), ("ai", WHOLE)]
    planes.bills.balance()


@pytest.mark.parametrize("hang_up", WAYS)
def test_run_ends_with_its_listener_and_is_billed_for_what_was_said(
    planes: PlanesApart, hang_up: Hang
) -> None:
    api, word, after = planes.signed_in(), f"ends-{uuid.uuid4()}", f"after-{uuid.uuid4()}"
    planes.model.reply(word, ENDLESS, **PACE)
    planes.model.reply(after, "Still here.")
    session, before = spoken_before(planes, api)

    run_id, heard = hang_up(api, session, word, "cancel")

    ((outcome, prompt, completion, is_estimated),) = in_short(planes.bills.settled(run_id))
    assert (outcome, is_estimated) == ("cancelled", True)
    assert prompt > 0
    # The model spoke at least as far as was heard, and was stopped long before its end.
    assert (
        len(heard) / CHARACTERS_PER_TOKEN <= completion < math.ceil(len(ENDLESS) / CHARACTERS_PER_TOKEN / 2)
    )
    assert planes.bills.run(run_id)["status"] == "interrupted"
    assert said(api.history(session)) == [*before, ("human", word)]
    answer = eventually(
        lambda: api.http.post(f"sessions/{session}/messages/", json={"message": after}),
        lambda response: response.status_code == 200,
        within=10,
    )
    planes.bills.settled(answer.json()["run_id"])
    planes.bills.balance()
