"""What was asked of the models, without content: the provider's own record, to compare a ledger with."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

REMEMBERED_CALLS = 1000


@dataclass
class Call:
    """One request. `usage` is what the answer reported; None while it runs, failed or was cut off."""

    path: str
    client_request_id: str | None
    started_at: float = field(default_factory=time.time)
    model: str | None = None
    usage: dict[str, Any] | None = None
    status: int | None = None


class Journal:
    """The last thousand calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)

    def begin(self, *, path: str, client_request_id: str | None) -> Call:
        """Add a call; whoever serves it fills in the rest."""
        call = Call(path=path, client_request_id=client_request_id)
        self._calls.append(call)
        return call

    def entries(self) -> list[dict[str, Any]]:
        """Return the calls as JSON objects."""
        return [asdict(call) for call in self._calls]
