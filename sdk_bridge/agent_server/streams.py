"""Streams of runs on the real Agent Server; one that was cut is never taken for finished."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, cast
from uuid import UUID

import httpx
from langgraph_sdk.schema import RunCreateMetadata, StreamPart

from sdk_bridge.agent_server.calls import translated
from sdk_bridge.agent_server.refusals import translate
from sdk_bridge.agent_server.runs import SdkRuns, run_body
from sdk_bridge.agent_server.wire_events import StreamTranslator
from sdk_bridge.errors import (
    Retryable,
    RunNotFound,
    ServerFailed,
    ServerTimedOut,
    StreamInterrupted,
    ThreadNotFound,
)
from sdk_bridge.events import EndStatus, Event, RunEnded, RunStarted
from sdk_bridge.runs import RunRequest

Parts = AsyncGenerator[StreamPart, None]


class SdkRunStreams(SdkRuns):
    """Implements the streams of `sdk_bridge.bridge.RunCalls`."""

    async def stream_run(self, thread_id: UUID, request: RunRequest) -> AsyncGenerator[Event, None]:
        created: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

        def note_run(run: RunCreateMetadata) -> None:
            if not created.done():
                created.set_result(UUID(run["run_id"]))

        parts = cast(
            "Parts",
            self._runs.stream(
                str(thread_id),
                request.assistant,
                **run_body(request),
                on_disconnect=request.on_disconnect,
                on_run_created=note_run,
                headers=self._caller.headers,
            ),
        )
        # The first part comes when a worker takes the run, its id at once: nobody should wait for the one to
        # get the other.
        first = asyncio.ensure_future(anext(parts, None))
        try:
            run_id = await self._created(first, created)
            yield RunStarted(run_id, thread_id)
            async with aclosing(self._follow(thread_id, run_id, parts, first)) as events:
                async for event in events:
                    yield event
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await parts.aclose()

    async def join_run(
        self, thread_id: UUID, run_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[Event, None]:
        run = await self.get_run(thread_id, run_id)
        yield RunStarted(run_id, thread_id)
        if run.is_over and last_event_id is None:
            async for event in self._conclude(thread_id, run_id, failed=False, last_event_id=None):
                yield event
            return
        parts = cast(
            "Parts",
            self._runs.join_stream(
                str(thread_id), str(run_id), last_event_id=last_event_id, headers=self._caller.headers
            ),
        )
        async with (
            aclosing(parts),
            aclosing(self._follow(thread_id, run_id, parts, anext(parts, None))) as events,
        ):
            async for event in events:
                yield event

    async def _created(self, first: asyncio.Future[StreamPart | None], created: asyncio.Future[UUID]) -> UUID:
        either: set[asyncio.Future[Any]] = {first, created}
        await asyncio.wait(either, timeout=self._caller.timeouts.request, return_when=asyncio.FIRST_COMPLETED)
        if created.done():
            return created.result()
        if not first.done():
            raise ServerTimedOut("The Agent Server did not answer in time.")
        await translated(lambda: first, missing=ThreadNotFound)
        raise ServerFailed("The Agent Server did not say which run it started.")

    async def _follow(
        self, thread_id: UUID, run_id: UUID, parts: Parts, first: Awaitable[StreamPart | None]
    ) -> AsyncGenerator[Event, None]:
        translator = StreamTranslator()
        last_event_id: str | None = None
        upcoming = first
        while (part := await _arrived(upcoming, run_id=run_id, last_event_id=last_event_id)) is not None:
            for event in translator.translate(part):
                yield event
            last_event_id = part.id or last_event_id
            upcoming = anext(parts, None)
        async for event in self._conclude(
            thread_id, run_id, failed=translator.failed, last_event_id=last_event_id
        ):
            yield event

    async def _conclude(
        self, thread_id: UUID, run_id: UUID, *, failed: bool, last_event_id: str | None
    ) -> AsyncGenerator[Event, None]:
        """Ask the run itself how it ended: a stream that was cut may close as quietly as one that is over."""
        try:
            run = await self.get_run(thread_id, run_id)
            if run.status == "error" and not failed:
                run = await self.wait_for_run(thread_id, run_id)
        except RunNotFound:
            # Rolled back: the server deletes such a run.
            yield RunEnded(run_id, "interrupted")
            return
        except Retryable as error:
            raise _interrupted(run_id, last_event_id) from error
        if not run.is_over:
            raise _interrupted(run_id, last_event_id)
        if run.failure is not None:
            yield run.failure
        yield RunEnded(run_id, cast("EndStatus", run.status))


async def _arrived(
    part: Awaitable[StreamPart | None], *, run_id: UUID, last_event_id: str | None
) -> StreamPart | None:
    try:
        return await part
    except httpx.HTTPStatusError as error:
        raise translate(error, missing=RunNotFound) from error
    except (httpx.HTTPError, json.JSONDecodeError) as error:
        raise _interrupted(run_id, last_event_id) from error


def _interrupted(run_id: UUID, last_event_id: str | None) -> StreamInterrupted:
    return StreamInterrupted(
        "The stream broke off before the run was over.", run_id=run_id, last_event_id=last_event_id
    )
