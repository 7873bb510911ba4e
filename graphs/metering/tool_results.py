"""Keeps what a tool leaves in a thread small, and in characters that every store takes."""

import json
from typing import Any, Final

from langchain_core.messages import ToolMessage

LONGEST_RESULT: Final = 50_000
CUT: Final = "\n\n[Cut here: the result is longer than what is kept.]"
LEFT_OUT: Final = "[Left out: this part of the result is longer than what is kept.]"


def bounded_result(message: ToolMessage) -> ToolMessage:
    """Cut a result to what is kept, texts at the bound and other parts whole; drop too large an artifact."""
    content = message.content
    kept: Any = _text(content, LONGEST_RESULT) if isinstance(content, str) else _parts(content)
    artifact = message.artifact if _size(message.artifact) <= LONGEST_RESULT else None
    return message.model_copy(update={"content": kept, "artifact": artifact})


def _parts(parts: list[Any]) -> list[Any]:
    kept: list[Any] = []
    room = LONGEST_RESULT
    for part in parts:
        if room <= 0:
            kept.append({"type": "text", "text": LEFT_OUT})
            break
        fitting = _part(part, room)
        kept.append(fitting)
        room -= _size(fitting)
    return kept


def _part(part: Any, room: int) -> Any:
    if isinstance(part, str):
        return _text(part, room)
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": _text(part["text"], room)}
    return part if _size(part) <= room else {"type": "text", "text": LEFT_OUT}


def _text(text: str, room: int) -> str:
    # Postgres keeps no null characters in texts, and half a pair of surrogates is no character at all.
    clean = text[: room + 1].replace("\x00", "").encode("utf-8", "replace").decode()
    return clean if len(text) <= room else f"{clean[:room]}{CUT}"


def _size(value: Any) -> int:
    if value is None:
        return 0
    try:
        return len(json.dumps(value, default=str, ensure_ascii=False))
    except (TypeError, ValueError):
        return LONGEST_RESULT + 1
