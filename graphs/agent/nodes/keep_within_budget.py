"""Summarizes older turns for the model once the history outgrows its budget."""

from typing import Any

from langchain_core.messages import AnyMessage
from langchain_core.messages.utils import count_tokens_approximately
from langgraph.runtime import Runtime
from langmem.short_term import (  # type: ignore[import-untyped]  # ships no types
    RunningSummary,
    asummarize_messages,
)

from graphs.agent.context import AgentContext
from graphs.agent.history import before_last_question, recent_messages, valid_summary
from graphs.agent.images import without_images
from graphs.agent.state import AgentState, Summary
from graphs.metering.calls import RequestType, call_of
from graphs.metering.models import metered_model

SUMMARY_TOKENS = 256


async def keep_within_budget(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Extend the running summary when the rest exceeds the threshold; `messages` stays whole."""
    context = runtime.context
    messages = state["messages"]
    summary = valid_summary(state.get("summary"), messages)
    size = count_tokens_approximately(recent_messages(messages, summary))
    if not context.enable_summarization or size <= context.summarization_threshold:
        return {}
    history = without_images(before_last_question(messages))
    extended = await _summarize(history, summary, runtime)
    return {"summary": extended} if extended else {}


async def _summarize(
    history: list[AnyMessage], summary: Summary | None, runtime: Runtime[AgentContext]
) -> Summary | None:
    """Summarize just enough for the rest to fit; None when there is nothing worth summarizing."""
    if valid_summary(summary, history) is not summary:
        return None
    context = runtime.context
    size = count_tokens_approximately(recent_messages(history, summary))
    surplus = size - context.summary_keep_tokens
    if surplus <= 0:
        return None
    call = call_of(
        runtime,
        node="keep_within_budget",
        request_type=RequestType.SUMMARIZATION,
        max_tokens=SUMMARY_TOKENS,
        model=context.summary_model,
    )
    result = await asummarize_messages(
        history,
        running_summary=_to_langmem(summary),
        model=metered_model(call, is_hidden=True),
        max_tokens=max(context.summarization_threshold, context.summary_keep_tokens) + 2 * SUMMARY_TOKENS,
        max_tokens_before_summary=surplus,
        max_summary_tokens=SUMMARY_TOKENS,
    )
    return _from_langmem(result.running_summary) or summary


def _to_langmem(summary: Summary | None) -> RunningSummary | None:
    """Rebuild langmem's own form. Its list of ids would grow with the thread; the last one says the same."""
    if summary is None:
        return None
    return RunningSummary(
        summary=summary["text"],
        summarized_message_ids=set(),
        last_summarized_message_id=summary["last_message_id"],
    )


def _from_langmem(running: RunningSummary | None) -> Summary | None:
    if running is None or running.last_summarized_message_id is None:
        return None
    return Summary(text=running.summary, last_message_id=running.last_summarized_message_id)
