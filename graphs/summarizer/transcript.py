"""Turns a conversation into one prompt, and an answer into clean text."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

LONGEST_TRANSCRIPT = 12_000
LONGEST_TITLE = 80


def transcript(messages: Sequence[AnyMessage]) -> str:
    """Write out who said what; of a long conversation, the beginning and the end."""
    lines = [
        f"{'User' if isinstance(message, HumanMessage) else 'Assistant'}: {message.text}"
        for message in messages
        if isinstance(message, HumanMessage | AIMessage) and message.text
    ]
    text = "\n".join(lines)
    if len(text) <= LONGEST_TRANSCRIPT:
        return text
    half = LONGEST_TRANSCRIPT // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def as_title(text: str) -> str:
    """Keep the first line that says something, without quotes, label or full stop, cut at a word."""
    lines = (line.strip(" \t\"'“”„*#`.") for line in text.splitlines())
    line = next((line for line in lines if line), "")
    label, _, rest = line.partition(":")
    if label.lower() == "title" and rest.strip():
        line = rest.strip(" \"'“”*")
    if len(line) <= LONGEST_TITLE:
        return line
    return line[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
