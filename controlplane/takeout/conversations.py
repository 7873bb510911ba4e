"""Writes a conversation for people, as Markdown, and for programs, as JSON."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controlplane.chat.models import ChatSession
from controlplane.chat.wire import interrupts_as_json, message_as_json
from controlplane.takeout.rows import as_json
from sdk_bridge import Bridge, History, Message, ThreadNotFound

# The bridge reads the whole state for each page, so there are few pages.
PAGE: Final = 1000
SPEAKERS: Final[Mapping[str, str]] = {"human": "You", "ai": "Assistant", "tool": "Tool", "system": "System"}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some more of both files."""

    json: str
    markdown: str


async def read_pages(bridge: Bridge, session: ChatSession) -> AsyncIterator[History]:
    """Read a conversation from its beginning to its end. Raises BridgeError.

    A thread whose row the server has lost gets it back, and with it its history.
    """
    try:
        page = await bridge.read_history(session.id, limit=PAGE, before=PAGE)
    except ThreadNotFound:
        await bridge.restore_thread(session.id, graph_id=session.graph_id)
        page = await bridge.read_history(session.id, limit=PAGE, before=PAGE)
    yield page
    for start in range(PAGE, page.total, PAGE):
        # The last page is a short one: counted from its end it would begin with what was there already.
        size = min(PAGE, page.total - start)
        yield await bridge.read_history(session.id, limit=size, before=start + size)


async def write_conversation(bridge: Bridge, session: ChatSession) -> AsyncIterator[Piece]:
    """Write a conversation piece by piece, oldest message first. Raises BridgeError."""
    about = {"session_id": session.pk, "title": session.title, "created_at": session.created_at}
    opening = as_json(about).removesuffix("\n}")
    yield Piece(json=f'{opening},\n  "messages": [', markdown=f"# {_in_one_line(session.title)}\n")
    between, interrupts = "\n", "[]"
    async for page in read_pages(bridge, session):
        for message in page.messages:
            yield Piece(json=between + as_json(message_as_json(message)), markdown=in_markdown(message))
            between = ",\n"
        interrupts = as_json(interrupts_as_json(page.interrupts))
    yield Piece(json=f'\n  ],\n  "waits_for": {interrupts}\n}}\n', markdown="")


def in_markdown(message: Message) -> str:
    """Write one message under a heading that says who speaks, and when if that is known."""
    said_at = f" · {message.created_at:%Y-%m-%d %H:%M:%S %Z}" if message.created_at else ""
    name = f" {_in_one_line(message.name)}" if message.role == "tool" and message.name else ""
    failed = " (failed)" if message.is_error else ""
    parts = [f"\n## {SPEAKERS.get(message.role, message.role)}{name}{failed}{said_at}\n"]
    if message.text:
        # What a tool gives back is no prose, and would be read as markup.
        parts.append(fenced(message.text) if message.role == "tool" else f"{message.text}\n")
    for call in message.tool_calls:
        arguments = json.dumps(_plain(call.arguments), ensure_ascii=False, indent=2, default=str)
        parts.append(f"Calls the tool `{_in_one_line(call.name)}` with:\n\n{fenced(arguments, 'json')}")
    return "\n".join(parts)


def fenced(text: str, language: str = "") -> str:
    """Put text into a block that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(arguments: Mapping[str, object]) -> dict[str, Any]:
    return dict(arguments)
