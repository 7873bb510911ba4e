"""A listener that hangs up gets the bill of what it chose: the whole answer, or what was said."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.api import Api
from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.planes_apart import PlanesApart
from tests.end_to_end.sdk_listener import OnDisconnect, listening
from tests.end_to_end.tool_turns import LONG, RESULT, Said, script_tool_turn

CHARACTERS_PER_TOKEN = 4
FIRST = "Let me see. "
# A minute long: nobody hears it out.
ENDLESS = LONG * 20
Hang = Callable[[Api, str, str, OnDisconnect], tuple[str, str]]


def hang_up_over_rest(api: Api, session: str, text: str, on_disconnect: OnDisconnect) -> tuple[str, str]:
    """Leave REST's stream in the second answer; return the run's id and what was heard."""
    run_id, heard = "", ""
    stream = api.stream(session, text, on_disconnect=on_disconnect)
    for event in stream:
        if event.name == "run":
            run_id = event.data["run_id"]
        if event.name == "token":
            heard += event.data["text"]
            if len(heard) > len(FIRST):
                break
    stream.close()
    return run_id, heard


def hang_up_in_the_sdk(api: Api, session: str, text: str, on_disconnect: OnDisconnect) -> tuple[str, str]:
    """Leave the Agent Server's stream in the second answer; return the run's id and what was heard."""

    async def hang_up() -> tuple[str, str]:
        async with listening(api, session, text, on_disconnect=on_disconnect) as listener:
            await listener.words(more_than=len(FIRST))
        return listener.run_id, listener.heard

    return asyncio.run(hang_up())


WAYS = [pytest.param(hang_up_over_rest, id="rest"), pytest.param(hang_up_in_the_sdk, id="python-sdk")]


def said(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Reduce messages to who said what."""
    return [(message["role"], message["content"]) for message in messages]


@pytest.mark.parametrize("hang_up", WAYS)
def test_run_goes_on_without_its_listener_and_is_billed_in_full(planes: PlanesApart, hang_up: Hang) -> None:
    api, word = planes.signed_in(), f"goes-on-{uuid.uuid4()}"
    script_tool_turn(planes.model, word, Said(FIRST, (31, 7)), Said(LONG, (41, 97)))
    session = api.new_session()

    run_id, heard = hang_up(api, session, word, "continue")

    assert (FIRST + LONG).startswith(heard)
    assert len(heard) < len(FIRST + LONG)
    assert planes.bills.run(run_id)["ended_at"] is None
    assert in_short(planes.bills.settled(run_id)) == exactly((31, 7), (41, 97))
    assert planes.bills.run(run_id)["status"] == "success"
    complete = [("human", word), ("ai", FIRST), ("tool", RESULT), ("ai", LONG)]
    assert said(api.history(session)) == complete
    planes.bills.balance()


@pytest.mark.parametrize("hang_up", WAYS)
def test_run_ends_with_its_listener_and_is_billed_for_what_was_said(
    planes: PlanesApart, hang_up: Hang
) -> None:
    api, word, after = planes.signed_in(), f"ends-{uuid.uuid4()}", f"after-{uuid.uuid4()}"
    script_tool_turn(planes.model, word, Said(FIRST, (31, 7)), Said(ENDLESS))
    planes.model.reply(after, "Still here.")
    session = api.new_session()

    run_id, heard = hang_up(api, session, word, "cancel")

    complete, (outcome, prompt, completion, is_estimated) = in_short(planes.bills.settled(run_id))
    assert [complete] == exactly((31, 7))
    assert (outcome, is_estimated) == ("cancelled", True)
    assert prompt > 0
    # The model spoke at least as far as was heard, and was stopped long before its end.
    assert len(heard[len(FIRST) :]) <= completion * CHARACTERS_PER_TOKEN < len(ENDLESS) / 2
    assert planes.bills.run(run_id)["status"] == "interrupted"
    assert said(api.history(session)) == [("human", word), ("ai", FIRST), ("tool", RESULT)]
    answer = api.say(session, after)
    assert answer["message"]["content"] == "Still here."
    planes.bills.settled(answer["run_id"])
    planes.bills.balance()
