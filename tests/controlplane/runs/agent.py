"""An assistant for the in-memory Agent Server that asks for permits and leaves records as the real one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from uuid_utils.compat import uuid7

from controlplane.runs.admission import Role, RunRequest, run_admit
from controlplane.runs.context import Wishes
from controlplane.runs.permits import CallRequest, call_permit
from sdk_bridge import UsageRecord
from sdk_bridge.memory import Reply, RunAttempt, Turn


class LimitReached(RuntimeError):
    """Ends a run as the graph's own error of this name does."""


async def admit(attempt: RunAttempt) -> None:
    """Ask for admission as the Agent Server's hook does."""
    request = RunRequest(
        run_id=attempt.run_id,
        thread_id=attempt.thread_id,
        graph_id=attempt.request.assistant,
        role=Role.USER,
        payer_id=UUID(attempt.identity.id),
        is_resume=attempt.request.message is None and attempt.request.checkpoint_id is None,
        wishes=Wishes(),
    )
    await sync_to_async(run_admit)(request)


@dataclass
class Agent:
    """Makes one call per turn; `fail`, `hang`, `lose the record` and `call nothing` say how it goes."""

    attempts: list[UUID] = field(default_factory=list)

    async def answer(self, turn: Turn) -> AsyncIterator[Reply]:
        """Play one turn."""
        if turn.asked == "call nothing":
            yield "Nothing."
            return
        attempt_id = await self._permit(turn.run_id)
        yield "You said "
        if turn.asked == "hang":
            await asyncio.Event().wait()
        if turn.asked != "lose the record":
            yield record_of(turn.run_id, attempt_id)
        if turn.asked == "fail":
            raise LimitReached("Your daily limit is used up.")
        yield turn.asked

    async def _permit(self, run_id: UUID) -> UUID:
        request = CallRequest(
            run_id=run_id,
            attempt_id=uuid7(),
            model="gpt-4o",
            node="call_model",
            request_type="chat",
            estimated_prompt_tokens=100,
            max_output_tokens=50,
        )
        await sync_to_async(call_permit)(request)
        self.attempts.append(request.attempt_id)
        return request.attempt_id


def record_of(run_id: UUID, attempt_id: UUID) -> UsageRecord:
    """The record of a finished call of 80 and 20 tokens."""
    return UsageRecord(
        attempt_id=attempt_id,
        run_id=run_id,
        provider="openai",
        model="gpt-4o",
        node="call_model",
        request_type="chat",
        outcome="finished",
        input_tokens=80,
        output_tokens=20,
        cached_tokens=0,
        reasoning_tokens=0,
        is_estimated=False,
        duration_ms=812,
        ended_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
