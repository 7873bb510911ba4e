"""One attempt at a model call: the permit before it, the record after it."""

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from langchain_core.utils.uuid import uuid7

from graphs import control_plane
from graphs.control_plane import Permit, PermitRequest
from graphs.errors import (
    ControlPlaneRefused,
    ControlPlaneUnreachable,
    GraphError,
    KeyRefused,
    LimitReached,
    RetryLater,
    RunRefused,
)
from graphs.metering.calls import PROVIDER, ModelCall
from graphs.metering.faults import pause_after, translate, was_never_worked_on
from graphs.metering.usage import Tally
from graphs.settings import read_settings

RECORD_SECONDS = 5.0

logger = structlog.get_logger(__name__)
_writing: set[asyncio.Task[None]] = set()


class Attempt:
    """An async context around one request: asks for the permit on entry, leaves the record on exit.

    Raises what the permit's refusal or the provider's fault means for the run. A cancellation passes through
    once the record is written or five seconds are over; what has no record, the sweep settles by estimate.
    A permit whose answer never came may have been given: it gets a record of nothing used.
    """

    def __init__(self, call: ModelCall, *, prompt_tokens: int, max_output_tokens: int | None) -> None:
        """Prepare; nothing is asked before entry."""
        self.id: UUID = uuid7()
        self.tally = Tally(prompt_tokens=prompt_tokens)
        self.permit: Permit | None = None
        self.is_marked = False
        self._call = call
        self._max_output_tokens = max_output_tokens
        self._started = 0.0

    async def __aenter__(self) -> Self:
        self._started = time.monotonic()
        if not read_settings().is_standalone:
            self.permit = await self._ask_permit()
            self._started = time.monotonic()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and was_never_worked_on(error):
            self.tally.is_sent = False
        fault = translate(error, own_key_of=self._own_key_of()) if error is not None else None
        if self.permit is not None:
            await self._leave_record(_outcome(error), fault)
        if fault is not None and error is not None:
            self._log_fault(error)
            if isinstance(fault, RetryLater):
                fault.pause_seconds = pause_after(error)
            # The cause holds the provider's words, which may quote keys and prompts: it stays out of traces.
            raise fault from None

    async def _ask_permit(self) -> Permit:
        request = PermitRequest(
            attempt_id=self.id,
            model=self._call.model,
            node=self._call.node,
            request_type=self._call.request_type.value,
            estimated_prompt_tokens=self.tally.prompt_tokens,
            max_output_tokens=self._max_output_tokens,
        )
        try:
            return await control_plane.permit(self._call.run_id, request)
        except ControlPlaneRefused as refusal:
            raise _for_run(refusal) from refusal
        except (ControlPlaneUnreachable, asyncio.CancelledError) as error:
            if not isinstance(error, ControlPlaneUnreachable) or error.may_have_acted:
                self.tally.is_sent = False
                await self._leave_record(_outcome(error))
            raise

    def _own_key_of(self) -> str | None:
        own = self.permit.own_key if self.permit is not None else None
        return own.provider if own is not None else None

    def _log_fault(self, error: BaseException) -> None:
        logger.warning(
            "model_call_failed",
            run_id=self._call.run_id,
            attempt_id=str(self.id),
            reason=type(error).__name__,
            status=getattr(error, "status_code", None),
        )

    async def _leave_record(self, outcome: str, fault: GraphError | None = None) -> None:
        writing = asyncio.create_task(self._write(self._record(outcome, fault)))
        _writing.add(writing)
        writing.add_done_callback(_writing.discard)
        done, _ = await asyncio.wait({writing}, timeout=RECORD_SECONDS)
        if not done:
            logger.error("usage_record_slow", run_id=self._call.run_id, attempt_id=str(self.id))

    async def _write(self, record: dict[str, object]) -> None:
        if self._call.store is None:
            logger.error("usage_record_without_store", run_id=self._call.run_id, attempt_id=str(self.id))
            return
        try:
            await self._call.store.aput(("usage", self._call.run_id), str(self.id), record, index=False)
        except Exception as error:  # noqa: BLE001  # any store may fail in its own way; the sweep settles the row
            logger.warning(
                "usage_record_lost",
                run_id=self._call.run_id,
                attempt_id=str(self.id),
                reason=type(error).__name__,
            )

    def _record(self, outcome: str, fault: GraphError | None) -> dict[str, object]:
        own_key = self.permit.own_key if self.permit is not None else None
        return {
            "attempt_id": str(self.id),
            "run_id": self._call.run_id,
            "provider": PROVIDER,
            "model": self._call.model,
            "node": self._call.node,
            "request_type": self._call.request_type.value,
            "outcome": outcome,
            "failure": fault.code if fault is not None else "",
            "own_key_version": own_key.version if own_key is not None else "",
            **asdict(self.tally.usage()),
            "duration_ms": round((time.monotonic() - self._started) * 1000),
            "ended_at": datetime.now(UTC).isoformat(),
        }


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "finished"
    return "failed" if isinstance(error, Exception) else "cancelled"


def _for_run(refusal: ControlPlaneRefused) -> GraphError:
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        return LimitReached(refusal.message, details=refusal.details.get("details"))
    if refusal.reason == KeyRefused.code:
        return KeyRefused(refusal.message, provider=refusal.details.get("details", {}).get("provider", ""))
    return RunRefused(refusal.message, reason=refusal.reason)
