"""Summarizes older turns for the model once its input outgrows the budget."""

from typing import Any

import structlog
from langchain_core.messages import AnyMessage
from langchain_core.messages.utils import count_tokens_approximately
from langgraph.runtime import Runtime

from graphs.agent.budget import budget_of, newest_within, size_of, turns_of
from graphs.agent.context import AgentContext
from graphs.agent.history import (
    before_last_question,
    fingerprint,
    model_view,
    recent_messages,
    valid_summary,
)
from graphs.agent.images import without_images
from graphs.agent.prompts import SYSTEM_PROMPT
from graphs.agent.running_summary import MOST_TOKENS, SUMMARY_TOKENS, extended
from graphs.agent.state import AgentState, Summary
from graphs.agent.toolbox import tools_of
from graphs.errors import GraphError, LimitReached
from graphs.metering.calls import RequestType, call_of
from graphs.metering.models import metered_model

logger = structlog.get_logger(__name__)


async def keep_within_budget(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Extend the running summary when the model's input exceeds the budget; `messages` stays whole.

    One that no longer holds is forgotten. Raises LimitReached; without a summary for another reason the turn
    goes on, since call_model leaves out what does not fit.
    """
    messages, known = state["messages"], state.get("summary")
    summary = valid_summary(known, messages)
    if due := _due(messages, summary, runtime.context):
        try:
            summary = await _summarized(messages, due, summary, runtime) or summary
        except LimitReached:
            raise
        except GraphError as error:
            logger.warning("summary_failed", run_id=_run_id(runtime), code=error.code)
    return {} if summary == known else {"summary": summary}


def _due(messages: list[AnyMessage], summary: Summary | None, context: AgentContext) -> list[AnyMessage]:
    """Choose what is to be summarized now: whole turns, just as many that the rest fits."""
    budget = budget_of(context)
    if budget is None or not context.enable_summarization:
        return []
    prompt = context.system_prompt or SYSTEM_PROMPT
    size = size_of(model_view(messages, summary, system_prompt=prompt), tools_of(context))
    if size <= budget:
        return []
    older = recent_messages(before_last_question(messages), summary)
    beside = size - count_tokens_approximately(older) + SUMMARY_TOKENS
    turns = turns_of(older)
    kept_from = newest_within(turns, room=min(context.summary_keep_tokens, max(budget - beside, 0)))
    return _bounded(turns[:kept_from])


def _bounded(turns: list[list[AnyMessage]]) -> list[AnyMessage]:
    """Take what can be summarized within one turn, the oldest; the rest's time comes with the next ones."""
    taken: list[AnyMessage] = []
    for turn in turns:
        if taken and count_tokens_approximately([*taken, *turn]) > MOST_TOKENS:
            break
        taken += turn
    return taken


async def _summarized(
    messages: list[AnyMessage],
    due: list[AnyMessage],
    summary: Summary | None,
    runtime: Runtime[AgentContext],
) -> Summary | None:
    context = runtime.context
    call = call_of(
        runtime,
        node="keep_within_budget",
        request_type=RequestType.SUMMARIZATION,
        max_tokens=SUMMARY_TOKENS,
        model=context.summary_model,
    )
    text = await extended(
        summary["text"] if summary else "",
        without_images(due),
        model=metered_model(call, is_hidden=True),
        context_length=context.summary_context_length if context.summary_model else context.context_length,
    )
    last = due[-1].id
    if not text or last is None:
        return None
    covered = messages[: [message.id for message in messages].index(last) + 1]
    return Summary(text=text, last_message_id=last, covers=fingerprint(covered))


def _run_id(runtime: Runtime[AgentContext]) -> str:
    info = runtime.execution_info
    return (info.run_id if info else None) or ""
