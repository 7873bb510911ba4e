"""Extends the summary of a conversation by what was said since, piece by piece."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langmem.short_term import (  # type: ignore[import-untyped]  # ships no types
    RunningSummary,
    asummarize_messages,
)

from graphs.summaries.transcript import pieces, transcript

SUMMARY_TOKENS = 256
PIECE_TOKENS = 6_000
MOST_PIECES = 8
MOST_TOKENS = PIECE_TOKENS * MOST_PIECES
# Of a small model's context, that much is for the piece: the summary so far and the answer come beside it.
SHARE_OF_CONTEXT = 0.5
# So that langmem, which is given just what is to be summarized, leaves nothing of it out.
ALL = 1_000_000


async def extended(
    text: str, messages: list[AnyMessage], *, model: BaseChatModel, context_length: int | None
) -> str:
    """Return the summary with these messages taken in; empty when the model had nothing to say.

    Raises what the model raises; nothing is kept of a part then.
    """
    size = PIECE_TOKENS
    if context_length is not None:
        size = max(min(size, int(context_length * SHARE_OF_CONTEXT) - 2 * SUMMARY_TOKENS), SUMMARY_TOKENS)
    for piece in pieces(transcript(messages, with_tools=True), tokens=size)[:MOST_PIECES]:
        answer = await _extended_by(text, piece, model)
        if not answer:
            return ""
        text = answer
    return text


async def _extended_by(text: str, piece: str, model: BaseChatModel) -> str:
    # Its own bookkeeping by messages is left unused: a piece is no message of the conversation.
    said = HumanMessage(piece, id="piece")
    running = RunningSummary(summary=text, summarized_message_ids=set(), last_summarized_message_id=None)
    result: Any = await asummarize_messages(
        [said],
        running_summary=running if text else None,
        model=model,
        max_tokens=ALL,
        max_tokens_before_summary=count_tokens_approximately([said]),
        max_summary_tokens=SUMMARY_TOKENS,
    )
    content = result.running_summary.summary if result.running_summary else ""
    return AIMessage(content).text.strip()
