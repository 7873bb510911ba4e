"""What all searches for orphans have in common: a walk in pages over what is old enough, and a repair."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Protocol

from sdk_bridge import Bridge

PAGE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """One thing without its other half; `subject_id` is its id where it is kept."""

    kind: str
    subject_id: str
    remedy: str
    concerns_id: uuid.UUID | None = None


class Search(Protocol):
    """One kind of orphans."""

    kind: ClassVar[str]

    def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:
        """Walk over all there is, a page at a time. Raises BridgeError."""
        ...

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:
        """Put one right if it is an orphan still; returns whether it did. Raises BridgeError."""
        ...
