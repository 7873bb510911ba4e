"""Keeps one tool call within its bounds: of time, of tries, of what it leaves in the thread."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from langchain.agents.middleware import ToolErrorMiddleware, ToolRetryMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.tools import ToolException
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from graphs.errors import GraphError
from graphs.metering.tool_faults import PassingFault
from graphs.metering.tool_results import bounded_result
from graphs.settings import read_settings

MOST_RETRIES: Final = 2
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 4.0
TOOK_TOO_LONG: Final = "This tool took too long and was stopped."
BROKE: Final = "This tool failed."

Answer = ToolMessage | Command[Any]
Execute = Callable[[ToolCallRequest], Awaitable[Answer]]

logger = structlog.get_logger(__name__)


async def bounded_call(request: ToolCallRequest, execute: Execute) -> Answer:
    """Run one call within the house's time, again where that is safe; faults become results for the model.

    What ends a run passes through: the errors of graphs/errors.py, interrupts, cancellation.
    """
    try:
        async with asyncio.timeout(read_settings().tool_call_timeout_seconds) as time:
            answer = await _FAULTS.awrap_tool_call(request, lambda again: _retried(again, execute))
    except TimeoutError:
        if not time.expired():
            raise
        _log(request, "tool_call_timed_out", TimeoutError.__name__)
        call = request.tool_call
        answer = ToolMessage(TOOK_TOO_LONG, tool_call_id=call["id"], name=call["name"], status="error")
    return bounded_result(answer) if isinstance(answer, ToolMessage) else answer


async def _retried(request: ToolCallRequest, execute: Execute) -> Answer:
    answer: Answer = await _RETRIES.awrap_tool_call(request, execute)
    return answer


def _in_words(error: Exception, request: ToolCallRequest) -> str | None:
    """Tell the model what it may know: our tools' own words, and of other faults only that there was one."""
    if isinstance(error, GraphError):
        return None
    if isinstance(error, PassingFault | ToolException):
        return str(error)
    _log(request, "tool_call_broke", type(error).__name__)
    return BROKE


def _log(request: ToolCallRequest, event: str, reason: str) -> None:
    logger.warning(event, tool=request.tool.name if request.tool else "", reason=reason)


_FAULTS: Final = ToolErrorMiddleware(_in_words)
_RETRIES: Final = ToolRetryMiddleware(
    max_retries=MOST_RETRIES,
    retry_on=(PassingFault,),
    on_failure="error",
    initial_delay=FIRST_PAUSE_SECONDS,
    max_delay=LONGEST_PAUSE_SECONDS,
)
