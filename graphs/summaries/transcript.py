"""Writes conversations out as text: any model can read it, whatever calls and pictures were in them."""

import json
from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graphs.metering.usage import CHARACTERS_PER_TOKEN

LONGEST_TRANSCRIPT = 12_000
LONGEST_TOOL_TEXT = 2_000
GAP = "\n…\n"


def transcript(messages: Sequence[AnyMessage], *, with_tools: bool = False) -> str:
    """Write out who said what; tools' calls and results only where they are asked for."""
    return "\n".join(_lines(messages, with_tools=with_tools))


def both_ends(text: str, *, longest: int = LONGEST_TRANSCRIPT) -> str:
    """Keep the beginning and the end of a long text."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}{GAP}{text[-half:]}"


def pieces(text: str, *, tokens: int) -> list[str]:
    """Cut a text into pieces of at most so many tokens, between its lines wherever that is possible."""
    longest = max(tokens, 1) * CHARACTERS_PER_TOKEN
    made: list[str] = []
    for line in text.split("\n"):
        if made and len(made[-1]) + 1 + len(line) <= longest:
            made[-1] += f"\n{line}"
        else:
            made.extend(line[at : at + longest] for at in range(0, max(len(line), 1), longest))
    return [piece for piece in made if piece.strip()]


def _lines(messages: Sequence[AnyMessage], *, with_tools: bool) -> Iterator[str]:
    for message in messages:
        if isinstance(message, HumanMessage | AIMessage) and message.text:
            yield f"{'User' if isinstance(message, HumanMessage) else 'Assistant'}: {message.text}"
        if not with_tools:
            continue
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                arguments = both_ends(json.dumps(call["args"], ensure_ascii=False), longest=LONGEST_TOOL_TEXT)
                yield f"Assistant used the tool {call['name']} with {arguments}"
        elif isinstance(message, ToolMessage):
            yield f"The tool answered: {both_ends(message.text, longest=LONGEST_TOOL_TEXT)}"
