"""Asks leave for each tool call, and tells how it ended."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid5

import structlog
from langchain_core.messages import ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from graphs import control_plane
from graphs.control_plane import ToolCallEnd, ToolPermit, ToolPermitRequest
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable
from graphs.metering.fingerprint import arguments_hash
from graphs.metering.places import approval_id, place_of
from graphs.settings import read_settings

REPORT_SECONDS = 5.0
LONGEST_CALL_ID = 200

Answer = ToolMessage | Command[Any]
Execute = Callable[[ToolCallRequest], Awaitable[Answer]]
Run = Callable[[], Awaitable[Answer]]

logger = structlog.get_logger(__name__)
_reporting: set[asyncio.Task[None]] = set()
_permit: ContextVar[ToolPermit | None] = ContextVar("tool_permit", default=None)


def tool_permit() -> ToolPermit:
    """Give what the call that is being made was permitted with; to be asked from within a tool.

    Standalone it is empty: nobody has configured anything.
    """
    return _permit.get() or ToolPermit()


class PermittedCalls:
    """The tool calls of one answer of the model, each with leave before and a word of its end after.

    The id of an attempt follows from the run, the answer and the call's place in it: a node that runs again
    after a crash asks for the same calls again, though some model servers repeat call ids within a run.
    """

    def __init__(
        self, *, run_id: str, message_id: str, thread_id: str = "", answered: Collection[str] = ()
    ) -> None:
        """Nothing is asked before a call; `answered` are the places that have their result already."""
        self._run_id = run_id
        self._message_id = message_id
        self._thread_id = thread_id
        self._answered = answered
        self._named: Counter[str] = Counter()

    async def call(self, request: ToolCallRequest, execute: Execute) -> Answer:
        """Run one call if it is permitted; a refusal is for the model. Raises ControlPlaneUnreachable."""
        place = self._next_place(request.tool_call["id"] or "")
        # An unknown tool runs nothing: the node refuses it by itself.
        if read_settings().is_standalone or request.tool is None:
            return await execute(request)
        asked = self._ask_for(request, place)
        try:
            permit = await control_plane.permit_tool_call(self._run_id, asked)
        except ControlPlaneRefused as refusal:
            return _refused(request, refusal)
        return await self._run(asked.attempt_id, permit, lambda: execute(request))

    def _next_place(self, call_id: str) -> str:
        while True:
            self._named[call_id] += 1
            place = place_of(self._message_id, call_id, self._named[call_id])
            if place not in self._answered:
                return place

    def _ask_for(self, request: ToolCallRequest, place: str) -> ToolPermitRequest:
        return ToolPermitRequest(
            attempt_id=uuid5(UUID(self._run_id), place),
            tool_call_id=(request.tool_call["id"] or "")[:LONGEST_CALL_ID],
            tool_name=request.tool_call["name"],
            approval_id=approval_id(self._thread_id, place) if self._thread_id else None,
            arguments_hash=arguments_hash(request.tool_call["args"]),
        )

    async def _run(self, attempt_id: UUID, permit: ToolPermit, run: Run) -> Answer:
        started, outcome = time.monotonic(), "cancelled"
        given = _permit.set(permit)
        try:
            answer = await run()
            outcome = "failed" if getattr(answer, "status", None) == "error" else "finished"
        except Exception:
            outcome = "failed"
            raise
        finally:
            _permit.reset(given)
            duration_ms = round((time.monotonic() - started) * 1000)
            await self._report(attempt_id, ToolCallEnd(outcome=outcome, duration_ms=duration_ms))
        return answer

    async def _report(self, attempt_id: UUID, end: ToolCallEnd) -> None:
        """Tell the end even while the run is being cancelled; what is not told, the settlement closes."""
        telling = asyncio.create_task(_tell(self._run_id, attempt_id, end))
        _reporting.add(telling)
        telling.add_done_callback(_reporting.discard)
        done, _ = await asyncio.wait({telling}, timeout=REPORT_SECONDS)
        if not done:
            logger.warning("tool_call_end_slow", run_id=self._run_id, attempt_id=str(attempt_id))


async def _tell(run_id: str, attempt_id: UUID, end: ToolCallEnd) -> None:
    try:
        await control_plane.end_tool_call(run_id, attempt_id, end)
    except (ControlPlaneRefused, ControlPlaneUnreachable) as error:
        logger.warning(
            "tool_call_end_not_told", run_id=run_id, attempt_id=str(attempt_id), reason=type(error).__name__
        )


def _refused(request: ToolCallRequest, refusal: ControlPlaneRefused) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(refusal.message, tool_call_id=call["id"], name=call["name"], status="error")
