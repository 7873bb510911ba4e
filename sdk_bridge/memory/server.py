"""The in-memory server, and what tests arrange on it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sdk_bridge.bridge import Bridge
from sdk_bridge.memory.assistant import Assistant, echo
from sdk_bridge.memory.bridge import MemoryBridge
from sdk_bridge.memory.state import (
    Admission,
    Faults,
    Identify,
    ServerState,
    ServiceGraph,
    answer_nothing,
)
from sdk_bridge.timeouts import Timeouts
from sdk_bridge.usage import UsageRecord


class MemoryAgentServer:
    """Implements `sdk_bridge.bridge.AgentServer` without a server.

    `identify` maps a token to its owner and raises KeyError for an unknown one. `admit` stands for the
    admission hook: it is awaited before any run starts and refuses by raising a BridgeError. `serve` answers
    the service's runs without a thread. Runs live on the event loop that started them: closing the loop
    cancels them.
    """

    def __init__(
        self,
        *,
        identify: Identify,
        assistants: Mapping[str, Assistant] | None = None,
        admit: Admission | None = None,
        timeouts: Timeouts | None = None,
        serve: ServiceGraph = answer_nothing,
    ) -> None:
        self._state = ServerState(
            identify, assistants or {"agent": echo}, admit, timeouts or Timeouts(), serve
        )

    @property
    def faults(self) -> Faults:
        """How the server misbehaves; set its fields at will."""
        return self._state.faults

    def acting_as(self, token: str) -> Bridge:
        """Give the view of the token's owner."""
        return MemoryBridge(self._state, token)

    def leave_usage_record(self, record: UsageRecord) -> None:
        """Put a record where model nodes leave them."""
        self._state.records[record.run_id][record.attempt_id] = record

    def leave_item(self, namespace: Sequence[str], key: str, value: object) -> None:
        """Put an item into the store, as its users do."""
        self._state.items.setdefault(tuple(namespace), {})[key] = value

    def items_below(self, *namespace: str) -> list[str]:
        """Name the keys in and below a namespace of the store."""
        below = (items for name, items in self._state.items.items() if name[: len(namespace)] == namespace)
        return sorted(key for items in below for key in items)

    def lose_thread(self, thread_id: UUID) -> None:
        """Forget a thread's row and runs, as a crashed development server does; its history stays."""
        self._state.threads.pop(thread_id, None)
        for run in self._state.runs_of(thread_id):
            del self._state.runs[run.snapshot.run_id]
