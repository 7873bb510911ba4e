"""Runs of the real Agent Server, apart from their streams."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from langgraph_sdk.client import RunsClient

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.agent_server.wire import read_run
from sdk_bridge.agent_server.wire_events import STREAM_MODES
from sdk_bridge.errors import RunNotFound
from sdk_bridge.events import RunFailed
from sdk_bridge.failures import failure_of
from sdk_bridge.runs import RunHandle, RunRequest, RunSnapshot

# Without a selection each row brings the run's whole input along.
_COLUMNS: Final[list[Any]] = ["run_id", "thread_id", "status", "created_at", "updated_at", "metadata"]


class SdkRuns(CallGroup):
    """Implements `sdk_bridge.bridge.RunCalls` but for its streams."""

    @property
    def _runs(self) -> RunsClient:
        return self._caller.client.runs

    async def start_run(self, thread_id: UUID, request: RunRequest) -> RunHandle:
        raw = await self._caller.once(
            lambda: self._runs.create(
                str(thread_id), request.assistant, **run_body(request), headers=self._caller.headers
            )
        )
        run = read_run(raw)
        return RunHandle(run.run_id, run.thread_id, run.status)

    async def get_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        raw = await self._caller.repeatable(
            lambda: self._runs.get(str(thread_id), str(run_id), headers=self._caller.headers),
            missing=RunNotFound,
        )
        return read_run(raw)

    async def list_runs(
        self, thread_id: UUID, *, limit: int = 50, offset: int = 0
    ) -> tuple[RunSnapshot, ...]:
        rows = await self._caller.repeatable(
            lambda: self._runs.list(
                str(thread_id), limit=limit, offset=offset, select=_COLUMNS, headers=self._caller.headers
            )
        )
        return tuple(read_run(row) for row in rows)

    async def wait_for_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        run = await self.get_run(thread_id, run_id)
        if run.is_over and run.status != "error":
            return run
        failure = await self._join(thread_id, run_id)
        run = await self.get_run(thread_id, run_id)
        return replace(run, failure=failure) if run.status == "error" else run

    async def _join(self, thread_id: UUID, run_id: UUID) -> RunFailed:
        """Wait for the end; gives the failure, which holds only if the run's status is `error` then."""
        outcome = await self._caller.repeatable(
            lambda: self._runs.join(str(thread_id), str(run_id), headers=self._caller.headers),
            missing=RunNotFound,
            within=self._caller.timeouts.run,
        )
        error = outcome.get("__error__") if isinstance(outcome, dict) else None
        said = error if isinstance(error, dict) else {}
        return failure_of(str(said.get("error")), str(said.get("message") or ""))

    async def cancel_run(
        self, thread_id: UUID, run_id: UUID, *, rollback: bool = False, wait: bool = True
    ) -> None:
        try:
            await self._caller.repeatable(
                lambda: self._runs.cancel(
                    str(thread_id),
                    str(run_id),
                    wait=wait,
                    action="rollback" if rollback else "interrupt",
                    headers=self._caller.headers,
                ),
                missing=RunNotFound,
                within=self._caller.timeouts.run if wait else None,
            )
        except RunNotFound:
            # The server says so of a run that is over, too; this raises when there is none.
            await self.get_run(thread_id, run_id)


def run_body(request: RunRequest) -> dict[str, Any]:
    """The SDK's arguments for a run; the stream modes also decide what a later join can see."""
    wishes = {"model": request.model, "temperature": request.temperature, "max_tokens": request.max_tokens}
    return {
        **_input(request),
        **({} if request.checkpoint_id is None else {"checkpoint_id": str(request.checkpoint_id)}),
        "context": {name: wish for name, wish in wishes.items() if wish is not None} or None,
        "metadata": dict(request.metadata) or None,
        "stream_mode": list(STREAM_MODES),
        "stream_resumable": request.stream_resumable,
        "if_not_exists": request.if_not_exists,
        "multitask_strategy": request.multitask_strategy,
    }


def _input(request: RunRequest) -> dict[str, Any]:
    if request.goes_on:
        return {"input": None}
    if request.message is None:
        return {"command": {"resume": request.resume}}
    message = {"type": "human", "content": request.message}
    if request.message_id is not None:
        message["id"] = request.message_id
    return {"input": {"messages": [message]}}
