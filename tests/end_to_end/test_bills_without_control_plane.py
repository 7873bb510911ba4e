"""A control plane that was gone when a run ended books each call by the provider's own counts."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.end_to_end.api import eventually
from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.planes_apart import PlanesApart
from tests.end_to_end.sdk_listener import begun_to_speak
from tests.end_to_end.tool_turns import LONG, SLOWLY, Said, script_tool_turn

# Two ways to be gone: all processes killed, or out of the Agent Server's reach.
GONE: list[Callable[[PlanesApart], AbstractContextManager[None]]] = [
    pytest.param(lambda planes: planes.control_plane_dead(), id="killed"),
    pytest.param(lambda planes: planes.line.cut(), id="unreachable"),
]  # type: ignore[list-item]


def test_record_waits_for_a_dead_control_plane(planes: PlanesApart) -> None:
    api, word = planes.signed_in(), f"dead-{uuid.uuid4()}"
    planes.model.reply(word, LONG, prompt_tokens=51, completion_tokens=103, **SLOWLY)
    session = api.new_session()

    with begun_to_speak(api, session, word) as hearing, planes.control_plane_dead():
        heard = hearing.end()
        records = eventually(lambda: planes.bills.records(heard.run_id), bool, within=10)
        (row,) = planes.bills.calls(heard.run_id)

    assert LONG.startswith(heard.heard)
    ((attempt, record),) = records.items()
    assert (record["input_tokens"], record["output_tokens"]) == (51, 103)
    assert (row["id"], row["state"]) == (attempt, "pending")
    assert row["reserved"] > 0
    assert in_short(planes.bills.settled(heard.run_id)) == exactly((51, 103))
    assert planes.bills.run(heard.run_id)["status"] == "success"
    assert planes.bills.records(heard.run_id) == {}
    assert api.history(session)[-1]["content"] == LONG
    planes.bills.balance()


@pytest.mark.parametrize("gone", GONE)
def test_run_that_loses_the_control_plane_between_two_calls_is_billed_for_the_first(
    planes: PlanesApart, gone: Callable[[PlanesApart], AbstractContextManager[None]]
) -> None:
    api, word, after = planes.signed_in(), f"between-{uuid.uuid4()}", f"after-{uuid.uuid4()}"
    script_tool_turn(planes.model, word, Said(LONG, (61, 71)), Said("Never said."))
    planes.model.reply(after, "Back again.")
    session = api.new_session()

    with begun_to_speak(api, session, word) as hearing, gone(planes):
        heard = hearing.end()

    assert (heard.heard, heard.failure) == (LONG, "ControlPlaneUnreachable")
    assert in_short(planes.bills.settled(heard.run_id)) == exactly((61, 71))
    run = planes.bills.run(heard.run_id)
    assert (run["status"], run["error_code"]) == ("error", "control_plane_unreachable")
    assert len(planes.model.calls(word)) == 1
    answer = api.say(session, after)
    assert answer["message"]["content"] == "Back again."
    planes.bills.settled(answer["run_id"])
    planes.bills.balance()


def test_call_whose_permit_was_lost_on_the_way_costs_nothing(planes: PlanesApart) -> None:
    api, word = planes.signed_in(), f"deaf-{uuid.uuid4()}"
    script_tool_turn(planes.model, word, Said(LONG, (67, 73)), Said("Never said."))
    session = api.new_session()

    with begun_to_speak(api, session, word) as hearing, planes.line.permits_lost():
        heard = hearing.end()

    assert (heard.heard, heard.failure) == (LONG, "ControlPlaneUnreachable")
    said, unsaid = planes.bills.settled(heard.run_id)
    planes.bills.never_sent.add(unsaid["id"])
    assert in_short([said, unsaid]) == [*exactly((67, 73)), ("failed", 0, 0, False)]
    assert len(planes.model.calls(word)) == 1
    planes.bills.balance()
