"""Plays all scenarios and says of each how it went."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import httpx
from langgraph_sdk import get_client

from tests.steering import branching, meeting
from tests.steering.stage import Lines, Skipped, Stage

Scenario = Callable[[Stage], Awaitable[None]]

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "stop": branching.stop,
        "edit": branching.edit,
        "edit the first": branching.edit_the_first,
        "regenerate": branching.regenerate,
        "branches": branching.branches,
        "fork": branching.fork,
        "fork from a checkpoint": branching.fork_from_a_checkpoint,
        "go on after an error": branching.go_on_after_an_error,
        "reject": meeting.reject,
        "enqueue": meeting.enqueue,
        "interrupt": meeting.interrupt,
        "rollback": meeting.rollback,
        "join after a reload": meeting.join_after_a_reload,
        "join when it is over": meeting.join_when_it_is_over,
        "two listeners": meeting.two_listeners,
        "two senders": meeting.two_senders,
        "two senders, rejecting": meeting.two_senders_rejecting,
    }
)


@dataclass(frozen=True)
class Outcome:
    """How one scenario went."""

    name: str
    word: str
    seconds: float
    remark: str = ""


async def play(
    url: str, token: str, lines: Lines, *, assistant: str = "agent", only: tuple[str, ...] = ()
) -> tuple[list[Outcome], list[str]]:
    """Play scenarios side by side; returns their outcomes, and the threads that could not be deleted."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with get_client(url=url, api_key=None, headers=headers) as client:
        chosen = [name for name in SCENARIOS if not only or name in only]
        stages = {name: Stage(client, lines, assistant) for name in chosen}
        outcomes = await asyncio.gather(*(_play_one(name, stages[name]) for name in chosen))
        left = [thread for stage in stages.values() for thread in await stage.clear()]
    return outcomes, left


async def _play_one(name: str, stage: Stage) -> Outcome:
    began = time.monotonic()
    word, remark = "passed", ""
    try:
        await SCENARIOS[name](stage)
    except Skipped as reason:
        word, remark = "skipped", str(reason)
    except (AssertionError, httpx.HTTPError, TimeoutError) as error:
        word, remark = "FAILED", f"{type(error).__name__}: {error}"
    return Outcome(name, word, time.monotonic() - began, remark)


def shown(outcomes: list[Outcome]) -> str:
    """Draw the outcomes as a table."""
    width = max(len(one.name) for one in outcomes)
    rows = [
        f"{one.name:<{width}}  {one.word:<7}  {one.seconds:5.1f} s  {one.remark}".rstrip() for one in outcomes
    ]
    counted = {word: sum(one.word == word for one in outcomes) for word in ("passed", "skipped", "FAILED")}
    end = f"{counted['passed']} passed, {counted['skipped']} skipped, {counted['FAILED']} failed"
    return "\n".join([*rows, end])
