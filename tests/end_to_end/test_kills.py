"""`kill -9` of each part at five points of a run: the session opens, the next turn works, all is settled."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.aftermath import check_history, check_ledger, next_turn, says_next, unfinished
from tests.end_to_end.api import eventually
from tests.end_to_end.held_runs import ANSWER, ANSWER_TOKENS, EVERY_LINE, POINTS, Conversation, HeldStack
from tests.end_to_end.holding_proxy import HoldingProxy
from tests.end_to_end.test_outages import frozen
from tests.ports import free_ports
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

PARTS = ("agent-server", "django", "worker", "valkey", "postgres")
# A lost run is given up after 60 s, its calls are settled 15 s later, and the sweep comes every 15 s.
SETTLED_SECONDS = 150.0

Table = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def scene(server_folder: Path, scripted_model: ScriptedModel) -> Iterator[HeldStack]:
    """The whole system behind two proxies; every line of a conversation gets the same long answer."""
    own, seen, provider = free_ports(3)
    url = f"http://127.0.0.1:{own}"
    control_plane = HoldingProxy(url, port=seen)
    model = HoldingProxy(scripted_model.url.removesuffix("/v1"), port=provider)
    prompt, completion = ANSWER_TOKENS
    scripted_model.reply(EVERY_LINE, ANSWER, prompt_tokens=prompt, completion_tokens=completion, chunkSize=8)
    folder = server_folder / "kills"
    stack = RunningStack.start(
        folder,
        CONTROL_PLANE_PORT=str(own),
        CONTROL_PLANE_URL=control_plane.url,
        OPENAI_BASE_URL=f"{model.url}/v1",
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
    )
    yield HeldStack(stack, scripted_model, url, control_plane, model, folder)
    code = stack.stop()
    control_plane.stop()
    model.stop()
    assert code == 0


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    """The seconds from the kill until the next turn had worked; printed at the end."""
    cells: Table = {}
    yield cells
    show_table("\n".join(lines_of(cells)))


def lines_of(cells: Table) -> list[str]:
    """Lay the cells out, parts downwards and points across."""
    lines = [f"{'kill -9 of':<14}" + "".join(f"{point:<24}" for point in POINTS)]
    for part in PARTS:
        shown = (f"ok, {cells[part, point]:.1f} s" if (part, point) in cells else "-" for point in POINTS)
        lines.append(f"{part:<14}" + "".join(f"{cell:<24}" for cell in shown))
    return lines


@pytest.mark.timeout(420)
@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_left_half_done(scene: HeldStack, table: Table, part: str) -> None:
    at = scene.begin(*POINTS)
    # Without beat no sweep settles what the test still holds.
    with (
        frozen(scene.stack.pids()["beat"]),
        ThreadPoolExecutor(len(at)) as pool,
        scene.held(at, part=part),
    ):
        list(pool.map(Conversation.note_checkpoints, at.values()))
        assert {point: scene.standing(one) for point, one in at.items()} == POINTS
        assert [point for point, one in at.items() if one.has_heard("error", "end")] == ["before settlement"]
        began = time.monotonic()
        killed = kill(scene, part)
    eventually(lambda: scene.stack.pids()[part], lambda pid: pid != killed, within=60)

    with ThreadPoolExecutor(len(at)) as pool:
        seconds = list(pool.map(lambda one: next_turn(one, began), at.values()))
    eventually(
        lambda: {point: left for point, one in at.items() if (left := unfinished(scene, one))},
        lambda left: not left,
        within=SETTLED_SECONDS,
    )
    for conversation in at.values():
        check_history(conversation)
        check_ledger(scene, conversation, may_be_uncalled=part == "postgres")
    table.update({(part, point): took for point, took in zip(at, seconds, strict=True)})


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_followed", [False, True], ids=["the last one", "one before the last"])
def test_a_turn_that_ended_since_the_server_wrote_its_file_is_neither_paid_nor_said_twice(
    scene: HeldStack, is_followed: bool
) -> None:
    """The file still calls the run running, so the restarted server repeats it."""
    conversation = Conversation.begin(scene.stack, scene.url)
    with scene.silent(conversation):
        scene.wait_for_flush()
    conversation.api.settled_usage(calls=2, session=conversation.session)
    conversation.note_checkpoints()
    assert [message["role"] for message in conversation.checkpointed] == ["human", "ai"] * 2
    if is_followed:
        assert says_next(conversation)
        conversation.api.settled_usage(calls=3, session=conversation.session)
        conversation.note_checkpoints()

    killed = kill(scene, "agent-server")
    eventually(lambda: scene.stack.pids()["agent-server"], lambda pid: pid != killed, within=60)
    next_turn(conversation, time.monotonic())
    conversation.api.settled_usage(calls=4 if is_followed else 3, session=conversation.session)
    check_history(conversation)
    check_ledger(scene, conversation, may_be_uncalled=False)


def kill(scene: HeldStack, part: str) -> int:
    """Kill a part, see it and its helpers gone, and return the pid that it had."""
    pid = scene.stack.pids()[part]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: living(group=pid), lambda lives: not lives, within=10)
    if part == "agent-server":
        # What it was about to write, its database would write for it.
        scene.end_waiting_writers()
    return pid


def living(*, group: int) -> list[int]:
    """Return the processes of a group that are more than waiting to be reaped."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _parent, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found
