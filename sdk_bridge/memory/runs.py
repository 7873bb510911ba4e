"""Runs of the in-memory server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

from sdk_bridge.errors import Conflict, InvalidRequest, ServerTimedOut
from sdk_bridge.events import EndStatus, Event, RunEnded, RunStarted
from sdk_bridge.memory.run import MemoryRun
from sdk_bridge.memory.state import RunAttempt
from sdk_bridge.memory.threads import MemoryThreads
from sdk_bridge.runs import RunHandle, RunRequest, RunSnapshot


class MemoryRuns(MemoryThreads):
    """Implements `sdk_bridge.bridge.RunCalls`."""

    async def start_run(self, thread_id: UUID, request: RunRequest) -> RunHandle:
        run = await self._start(thread_id, request)
        return RunHandle(run.snapshot.run_id, thread_id, run.snapshot.status)

    async def stream_run(self, thread_id: UUID, request: RunRequest) -> AsyncGenerator[Event, None]:
        run = await self._start(thread_id, request)
        try:
            async with aclosing(self._events(run, position=0)) as events:
                async for event in events:
                    yield event
        finally:
            if request.on_disconnect == "cancel":
                await run.cancel(rollback=False, wait=False)

    async def join_run(
        self, thread_id: UUID, run_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[Event, None]:
        run = self._state.run_seen_by(await self._enter(), thread_id, run_id)
        async with aclosing(self._events(run, position=_position_after(last_event_id, run))) as events:
            async for event in events:
                yield event

    async def wait_for_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        run = self._state.run_seen_by(await self._enter(), thread_id, run_id)
        try:
            async with asyncio.timeout(self._state.timeouts.run):
                await run.finished()
        except TimeoutError as error:
            raise ServerTimedOut("The Agent Server did not answer in time.") from error
        return run.snapshot

    async def get_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        return _without_failure(self._state.run_seen_by(await self._enter(), thread_id, run_id))

    async def list_runs(
        self, thread_id: UUID, *, limit: int = 50, offset: int = 0
    ) -> tuple[RunSnapshot, ...]:
        self._state.thread_seen_by(await self._enter(), thread_id)
        newest_first = self._state.runs_of(thread_id)[::-1]
        return tuple(_without_failure(run) for run in newest_first[offset : offset + limit])

    async def cancel_run(
        self, thread_id: UUID, run_id: UUID, *, rollback: bool = False, wait: bool = True
    ) -> None:
        run = self._state.run_seen_by(await self._enter(), thread_id, run_id)
        if run.snapshot.is_over:
            return
        await run.cancel(rollback=rollback, wait=wait)
        if rollback:
            del self._state.runs[run_id]

    async def _start(self, thread_id: UUID, request: RunRequest) -> MemoryRun:
        identity, run_id = await self._enter(), uuid4()
        if request.assistant not in self._state.assistants:
            raise InvalidRequest(f"Invalid assistant: '{request.assistant}'.")
        # As on the real server, admission comes before every other check.
        if self._state.admit is not None:
            await self._state.admit(RunAttempt(identity, thread_id, run_id, request))
        if request.if_not_exists == "create" and thread_id not in self._state.threads:
            self._put_thread(identity, thread_id, graph_id=request.assistant, metadata={})
        self._state.thread_seen_by(identity, thread_id)
        earlier = await self._make_room(thread_id, request)
        run = self._new_run(thread_id, run_id, request)
        run.start(self._state.assistants[request.assistant], after=earlier)
        return run

    async def _make_room(self, thread_id: UUID, request: RunRequest) -> list[MemoryRun]:
        """Deal with the live runs of the thread; gives those that the new one has to wait for."""
        live = self._state.live_runs_of(thread_id)
        if request.multitask_strategy == "enqueue" or not live:
            return live
        if request.multitask_strategy == "reject":
            raise Conflict("Thread is already running a task.")
        rollback = request.multitask_strategy == "rollback"
        for run in live:
            await run.cancel(rollback=rollback, wait=True)
            if rollback:
                del self._state.runs[run.snapshot.run_id]
        return []

    def _new_run(self, thread_id: UUID, run_id: UUID, request: RunRequest) -> MemoryRun:
        now = datetime.now(UTC)
        snapshot = RunSnapshot(run_id, thread_id, "pending", now, now, dict(request.metadata))
        conversation, records = self._state.conversations[thread_id], self._state.records[run_id]
        run = self._state.runs[run_id] = MemoryRun(snapshot, request, conversation, records)
        return run

    async def _events(self, run: MemoryRun, *, position: int) -> AsyncGenerator[Event, None]:
        yield RunStarted(run.snapshot.run_id, run.thread_id)
        cut_after = self._state.faults.cut_streams_after
        async with aclosing(run.follow(position=position, cut_after=cut_after)) as events:
            async for event in events:
                yield event
        if (
            position > 0
            and run.snapshot.failure is not None
            and run.snapshot.failure not in run.log[position:]
        ):
            yield run.snapshot.failure
        yield RunEnded(run.snapshot.run_id, cast("EndStatus", run.snapshot.status))


def _position_after(last_event_id: str | None, run: MemoryRun) -> int:
    """Where to go on in the log: behind that event, or at its end when there is no such event."""
    for position, event in enumerate(run.log):
        if last_event_id is not None and event.event_id == last_event_id:
            return position + 1
    return len(run.log)


def _without_failure(run: MemoryRun) -> RunSnapshot:
    """Reading a run does not tell why it failed; waiting for it does, as on the real server."""
    return replace(run.snapshot, failure=None)
