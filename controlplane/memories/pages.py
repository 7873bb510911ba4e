"""Cuts a user's memories, which come whole from the Agent Server, into pages that hold while some go."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from controlplane.api.cursors import Position, encode_cursor
from controlplane.errors import Invalid
from sdk_bridge import Memory

ORDERING: Final = "-updated_at"


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some memories, and the cursor of the page after them; empty at the end."""

    memories: Sequence[Memory]
    next_cursor: str


def page_of(memories: Sequence[Memory], *, limit: int, cursor: str = "") -> Page:
    """Cut one page out of memories that are ordered newest first. Raises Invalid for a foreign cursor."""
    after = _read(cursor) if cursor else None
    rest = [memory for memory in memories if after is None or (memory.updated_at, memory.id) < after]
    page = rest[:limit]
    return Page(memories=page, next_cursor=_cursor(page[-1]) if len(rest) > limit else "")


def _cursor(last: Memory) -> str:
    return encode_cursor(Position(ordering=ORDERING, value=last.updated_at, key=last.id))


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        made_for, updated_at, memory_id = json.loads(base64.urlsafe_b64decode(padded))
        at, key = datetime.fromisoformat(updated_at), UUID(memory_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError):
        raise _foreign() from None
    if made_for != ORDERING or at.tzinfo is None:
        raise _foreign()
    return at, key


def _foreign() -> Invalid:
    return Invalid("The cursor does not fit.", fields={"cursor": ["This is not a cursor of this list."]})
