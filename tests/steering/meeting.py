"""Scenarios of several at once: a second message in the middle of an answer, reloads, tabs side by side."""

import asyncio
from typing import Any

from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.steering.stage import FROM_THE_START, SECONDS, Stage, humans, text_of

# More than any answer has.
TO_THE_END = 10**9


async def reject(stage: Stage) -> None:
    """The second message is refused, and the first is answered as if nothing had been."""
    thread, lines = await stage.new_thread(), stage.lines
    heard = await stage.begin(thread)
    try:
        await stage.start(thread, lines.quick, multitask_strategy="reject")
    except ConflictError:
        pass
    else:
        raise AssertionError("the second message was not refused")
    messages = await stage.answered(thread, heard.run_id)
    assert humans(messages) == [lines.slow]


async def enqueue(stage: Stage) -> None:
    """The second message waits, and both are answered whole and in order."""
    thread, lines = await stage.new_thread(), stage.lines
    heard = await stage.begin(thread)
    second = await stage.start(thread, lines.quick, multitask_strategy="enqueue")
    messages = await stage.answered(thread, second)
    assert await stage.status(thread, heard.run_id) == "success"
    assert humans(messages) == [lines.slow, lines.quick]
    assert text_of(_after(messages, lines.slow)).startswith(heard.text)


async def interrupt(stage: Stage) -> None:
    """The first run is stopped and its question kept; then the second is answered."""
    thread, lines = await stage.new_thread(), stage.lines
    heard = await stage.begin(thread)
    second = await stage.start(thread, lines.quick, multitask_strategy="interrupt")
    messages = await stage.answered(thread, second)
    assert await stage.over(thread, heard.run_id) == "interrupted"
    assert humans(messages) == [lines.slow, lines.quick]


async def rollback(stage: Stage) -> None:
    """The first run is taken back with all it wrote; then the second is answered."""
    thread, lines = await stage.new_thread(), stage.lines
    heard = await stage.begin(thread)
    second = await stage.start(thread, lines.quick, multitask_strategy="rollback")
    messages = await stage.answered(thread, second)
    assert humans(messages) == [lines.quick]
    async with asyncio.timeout(SECONDS):
        while not await _is_gone(stage, thread, heard.run_id):  # noqa: ASYNC110  # another program knows
            await asyncio.sleep(0.1)


async def join_after_a_reload(stage: Stage) -> None:
    """What was heard before the cut and after the last event is the whole answer, byte for byte."""
    thread = await stage.new_thread()
    before = await stage.begin(thread, stream_resumable=True)
    after = await stage.hear(thread, before.run_id, enough=TO_THE_END, after=before.last_event_id)
    answer = text_of((await stage.answered(thread, before.run_id))[-1])
    assert after.text, "nothing came after the cut"
    assert (before.text + after.text).encode() == answer.encode()


async def join_when_it_is_over(stage: Stage) -> None:
    """A tab that was away until the end still gets what it has missed."""
    thread = await stage.new_thread()
    before = await stage.begin(thread, stream_resumable=True)
    answer = text_of((await stage.answered(thread, before.run_id))[-1])
    after = await stage.hear(thread, before.run_id, enough=TO_THE_END, after=before.last_event_id)
    assert (before.text + after.text).encode() == answer.encode()


async def two_listeners(stage: Stage) -> None:
    """Two tabs that follow one run from its start see the same events."""
    thread = await stage.new_thread()
    run = await stage.start(thread, stage.lines.slow, stream_mode="messages-tuple", stream_resumable=True)
    one, other = await asyncio.gather(
        *(stage.hear(thread, run, enough=TO_THE_END, after=FROM_THE_START) for _ in range(2))
    )
    answer = text_of((await stage.answered(thread, run))[-1])
    assert one.events == other.events
    assert one.text == other.text == answer


async def two_senders(stage: Stage) -> None:
    """Of two tabs that send at once, both are answered, one after the other."""
    thread, lines = await stage.new_thread(), stage.lines
    runs = await asyncio.gather(
        *(stage.start(thread, text, multitask_strategy="enqueue") for text in (lines.quick, lines.other))
    )
    for run in runs:
        assert await stage.over(thread, run) == "success"
    messages = await stage.messages(thread)
    assert sorted(humans(messages)) == sorted([lines.quick, lines.other])
    types = [message["type"] for message in messages if message["type"] in ("human", "ai")]
    assert types[:2] == ["human", "ai"], "the second was taken in before the first was answered"


async def two_senders_rejecting(stage: Stage) -> None:
    """Of two tabs that send at once and reject each other, exactly one is let in."""
    thread, lines = await stage.new_thread(), stage.lines
    answers: list[Any] = await asyncio.gather(
        *(stage.start(thread, lines.slow, multitask_strategy="reject") for _ in range(2)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, ConflictError)]
    (run,) = [answer for answer in answers if isinstance(answer, str)]
    assert len(refused) == 1, f"not one refusal: {answers}"
    assert humans(await stage.answered(thread, run)) == [lines.slow]


async def _is_gone(stage: Stage, thread: str, run: str) -> bool:
    try:
        await stage.client.runs.get(thread, run)
    except NotFoundError:
        return True
    return False


def _after(messages: list[dict[str, Any]], said: str) -> dict[str, Any]:
    place = next(place for place, one in enumerate(messages) if text_of(one) == said)
    return messages[place + 1]
