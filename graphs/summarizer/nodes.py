"""The summarizer's two steps, one for each task."""

from typing import Any, Literal

from langgraph.runtime import Runtime

from graphs.metering.calls import RequestType, call_of
from graphs.summaries.transcript import both_ends, transcript
from graphs.summarizer import prompts
from graphs.summarizer.answers import answer_of
from graphs.summarizer.context import SummarizerContext
from graphs.summarizer.conversation import conversation_of
from graphs.summarizer.long_texts import longest_piece, summary_of
from graphs.summarizer.state import SummarizerState
from graphs.summarizer.titles import as_title

TITLE_TOKENS = 48
# The first exchange tells what a conversation is about.
LONGEST_FOR_TITLE = 6_000


def by_task(state: SummarizerState) -> Literal["write_title", "write_summary"]:
    """Go to the step that was asked for."""
    return "write_title" if state.get("task") == "title" else "write_summary"


async def write_title(state: SummarizerState, runtime: Runtime[SummarizerContext]) -> dict[str, Any]:
    """Name the conversation."""
    context = runtime.context
    call = call_of(runtime, node="write_title", request_type=RequestType.TITLE, max_tokens=TITLE_TOKENS)
    text = transcript(await conversation_of(state, context.source_thread_id))
    if not text:
        return {"title": prompts.EMPTY_TITLE}
    text = both_ends(text, longest=min(LONGEST_FOR_TITLE, longest_piece(context)))
    answer = await answer_of(call, prompts.TITLE, text, field="title", structured=context.structured_output)
    return {"title": as_title(answer) or prompts.EMPTY_TITLE}


async def write_summary(state: SummarizerState, runtime: Runtime[SummarizerContext]) -> dict[str, Any]:
    """Summarize the conversation, all of it; one without words has an empty summary, without a call."""
    call = call_of(runtime, node="write_summary", request_type=RequestType.SUMMARIZATION)
    messages = await conversation_of(state, runtime.context.source_thread_id)
    return {"summary": await summary_of(transcript(messages), call, runtime.context)}
