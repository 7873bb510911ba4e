"""A thread as the Agent Server keeps it: a row of metadata in front of the checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

ThreadStatus = Literal["idle", "busy", "interrupted", "error"]


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread; its id is the session's id."""

    id: UUID
    status: ThreadStatus
    graph_id: str | None
    metadata: Mapping[str, object]
    created_at: datetime
    updated_at: datetime


def owned_by(owner_id: UUID | None) -> Mapping[str, object]:
    """Make the metadata of a thread that is made for somebody else; nothing for one's own."""
    return {} if owner_id is None else {"owner": str(owner_id)}
