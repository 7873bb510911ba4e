"""An Agent Server in memory: the same interface and semantics, for tests and for work without a server."""

from sdk_bridge.memory.assistant import Assistant, Reply, Turn, echo
from sdk_bridge.memory.identity import Identity
from sdk_bridge.memory.server import MemoryAgentServer
from sdk_bridge.memory.state import Admission, Faults, RunAttempt

__all__ = [
    "Admission",
    "Assistant",
    "Faults",
    "Identity",
    "MemoryAgentServer",
    "Reply",
    "RunAttempt",
    "Turn",
    "echo",
]
