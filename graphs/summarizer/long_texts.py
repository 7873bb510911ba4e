"""Summarizes texts of any length: piece by piece, then the summaries of the pieces."""

import asyncio

from graphs.metering.calls import ModelCall
from graphs.metering.usage import CHARACTERS_PER_TOKEN
from graphs.summaries.transcript import both_ends, pieces
from graphs.summarizer import prompts
from graphs.summarizer.answers import answer_of
from graphs.summarizer.context import SummarizerContext

PIECE_TOKENS = 8_000
SMALLEST_PIECE_TOKENS = 256
# Two thirds of a small model's context are for the piece: instructions and answer come beside it.
PART_OF_CONTEXT = 2 / 3
MOST_AT_ONCE = 4
MOST_PIECES = 64
LONGEST_PART = 2_000


def longest_piece(context: SummarizerContext) -> int:
    """Tell how many characters the model is given at once."""
    tokens = PIECE_TOKENS
    if context.context_length is not None:
        tokens = min(tokens, int(context.context_length * PART_OF_CONTEXT) - SMALLEST_PIECE_TOKENS)
    return max(tokens, SMALLEST_PIECE_TOKENS) * CHARACTERS_PER_TOKEN


async def summary_of(text: str, call: ModelCall, context: SummarizerContext) -> str:
    """Summarize a text, empty for an empty one; raises what the model raises."""
    instructions = prompts.SUMMARY
    longest = longest_piece(context)
    while len(text) > longest:
        parts = await _summaries(_even_pieces(text, longest), call, context)
        # Each round makes it shorter, whatever a model that goes on and on says.
        text, instructions = _joined(parts, shorter_than=len(text) // 2), prompts.WHOLE
    if not text.strip():
        return ""
    return await answer_of(call, instructions, text, field="summary", structured=context.structured_output)


def _even_pieces(text: str, longest: int) -> list[str]:
    made = pieces(text, tokens=longest // CHARACTERS_PER_TOKEN)
    if len(made) <= MOST_PIECES:
        return made
    # A conversation longer than any that is paid for: some of each part of it.
    group = -(-len(made) // MOST_PIECES)
    groups = ["\n".join(made[at : at + group]) for at in range(0, len(made), group)]
    return [both_ends(one, longest=longest) for one in groups]


async def _summaries(texts: list[str], call: ModelCall, context: SummarizerContext) -> list[str]:
    room = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(text: str) -> str:
        async with room:
            return await answer_of(
                call, prompts.PIECE, text, field="summary", structured=context.structured_output
            )

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(text)) for text in texts]
    except ExceptionGroup as failures:
        # The run ends with what the model raised: its class is the contract.
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _joined(parts: list[str], *, shorter_than: int) -> str:
    longest = min(LONGEST_PART, max(shorter_than // max(len(parts), 1), 1))
    return "\n\n".join(both_ends(part, longest=longest) for part in parts if part)
