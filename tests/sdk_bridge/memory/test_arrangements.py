"""What only the in-memory server can be told to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sdk_bridge import (
    BridgeError,
    Conflict,
    RunEnded,
    RunStarted,
    ServerTimedOut,
    ServerUnreachable,
    StreamInterrupted,
    ThreadNotFound,
    Timeouts,
    Token,
    UsageRecord,
)
from sdk_bridge.memory import MemoryAgentServer, Reply, RunAttempt, Turn
from tests.sdk_bridge.run_requests import saying, stream
from tests.sdk_bridge.static_identities import ALICE, IDENTITIES, SERVICE


def record_of(run_id) -> UsageRecord:
    return UsageRecord(
        uuid4(), run_id, "openai", "m", "call_model", "chat", "finished", 1, 2, 0, 0, is_estimated=False,
        duration_ms=3, ended_at=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip


async def test_server_fails_as_told_and_recovers(memory_server: MemoryAgentServer) -> None:
    alice = memory_server.acting_as(ALICE)
    memory_server.faults.fail_with = ServerUnreachable("gone")
    assert not await alice.is_alive()
    with pytest.raises(ServerUnreachable):
        await alice.create_thread(uuid4())
    with pytest.raises(ServerUnreachable):
        await stream(alice, "hello")
    memory_server.faults.fail_with = None
    assert await alice.is_alive()
    assert isinstance((await stream(alice, "hello"))[-1], RunEnded)


async def test_slow_server_times_out() -> None:
    server = MemoryAgentServer(identify=IDENTITIES.__getitem__, timeouts=Timeouts(request=0.01))
    server.faults.latency = 5.0
    with pytest.raises(ServerTimedOut):
        await server.acting_as(ALICE).get_thread(uuid4())


async def test_waiting_for_a_run_is_bounded() -> None:
    async def endless(turn: Turn) -> AsyncIterator[Reply]:
        await asyncio.Event().wait()
        yield "never"

    server = MemoryAgentServer(
        identify=IDENTITIES.__getitem__, assistants={"agent": endless}, timeouts=Timeouts(run=0.01)
    )
    alice, thread_id = server.acting_as(ALICE), uuid4()
    run_id = (await alice.start_run(thread_id, saying("hello"))).run_id
    with pytest.raises(ServerTimedOut):
        await alice.wait_for_run(thread_id, run_id)
    await alice.cancel_run(thread_id, run_id)


async def test_cut_stream_can_be_joined_again(memory_server: MemoryAgentServer) -> None:
    alice, thread_id = memory_server.acting_as(ALICE), uuid4()
    memory_server.faults.cut_streams_after = 2
    events = alice.stream_run(thread_id, saying("hello", on_disconnect="continue", stream_resumable=True))
    async with aclosing(events):
        with pytest.raises(StreamInterrupted) as caught:
            seen = [event async for event in events]
    memory_server.faults.cut_streams_after = None
    run_id, last_event_id = caught.value.run_id, caught.value.last_event_id
    assert run_id is not None
    async with aclosing(alice.join_run(thread_id, run_id, last_event_id=last_event_id)) as rest:
        seen = [event async for event in rest]
    assert seen[0] == RunStarted(run_id, thread_id)
    assert [event.text for event in seen if isinstance(event, Token)] == [" hello"]
    assert seen[-1] == RunEnded(run_id, "success")


async def test_lost_thread_is_restored_with_its_history(memory_server: MemoryAgentServer) -> None:
    alice, thread_id = memory_server.acting_as(ALICE), uuid4()
    await stream(alice, "hello", thread_id=thread_id)
    memory_server.lose_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await alice.read_history(thread_id)
    await alice.restore_thread(thread_id)
    assert [m.text for m in (await alice.read_history(thread_id)).messages] == ["hello", "You said hello"]
    assert await alice.list_runs(thread_id) == ()


async def test_records_can_be_left_by_hand(memory_server: MemoryAgentServer) -> None:
    record = record_of(uuid4())
    memory_server.leave_usage_record(record)
    assert await memory_server.acting_as(SERVICE).list_usage_records(record.run_id) == (record,)


async def test_admission_sees_the_attempt_before_all_other_checks() -> None:
    attempts: list[RunAttempt] = []

    async def admit(attempt: RunAttempt) -> None:
        attempts.append(attempt)
        raise Conflict("not now")

    server = MemoryAgentServer(identify=IDENTITIES.__getitem__, admit=admit)
    thread_id, request = uuid4(), saying("hello", if_not_exists="reject", model="m")
    with pytest.raises(Conflict, match="not now"):
        await server.acting_as(ALICE).start_run(thread_id, request)
    (attempt,) = attempts
    assert (attempt.identity.id, attempt.thread_id, attempt.request) == ("alice", thread_id, request)


async def test_admitted_run_has_the_id_that_admission_saw() -> None:
    attempts: list[RunAttempt] = []

    async def admit(attempt: RunAttempt) -> None:
        attempts.append(attempt)

    server = MemoryAgentServer(identify=IDENTITIES.__getitem__, admit=admit)
    started, *_ = await stream(server.acting_as(ALICE), "hello")
    assert started.run_id == attempts[0].run_id


async def test_echo_is_the_default_assistant() -> None:
    server = MemoryAgentServer(identify=IDENTITIES.__getitem__)
    events = await stream(server.acting_as(ALICE), "hello")
    assert "".join(event.text for event in events if isinstance(event, Token)) == "You said hello"


async def test_run_cancelled_before_its_first_step_is_over(memory_server: MemoryAgentServer) -> None:
    alice, thread_id = memory_server.acting_as(ALICE), uuid4()
    run_id = (await alice.start_run(thread_id, saying("hello"))).run_id
    await alice.cancel_run(thread_id, run_id)
    assert (await alice.get_run(thread_id, run_id)).status == "interrupted"


async def test_deleting_a_thread_ends_its_runs(memory_server: MemoryAgentServer) -> None:
    alice, thread_id = memory_server.acting_as(ALICE), uuid4()
    await alice.start_run(thread_id, saying("be slow"))
    await alice.delete_thread(thread_id)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_errors_of_the_bridge_are_all_that_leaves_it(memory_server: MemoryAgentServer) -> None:
    with pytest.raises(BridgeError):
        await memory_server.acting_as("nobody").get_run(uuid4(), uuid4())
