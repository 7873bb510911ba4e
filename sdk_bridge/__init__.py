"""The one door to the LangGraph Agent Server: async, typed, and the only holder of a langgraph-sdk client."""

from sdk_bridge.agent_server.connection import connect
from sdk_bridge.bridge import AgentServer, Bridge, ServerInfo
from sdk_bridge.errors import (
    BridgeError,
    Conflict,
    Final,
    InvalidRequest,
    LimitReached,
    NotFound,
    Refused,
    Retryable,
    RunNotFound,
    RunRejected,
    ServerBusy,
    ServerFailed,
    ServerTimedOut,
    ServerUnreachable,
    StreamInterrupted,
    ThreadDeleted,
    ThreadNotFound,
)
from sdk_bridge.events import (
    Event,
    Interrupted,
    MessageCompleted,
    Reasoning,
    RunEnded,
    RunFailed,
    RunStarted,
    Token,
    ToolCall,
    ToolResult,
)
from sdk_bridge.memories import Memory
from sdk_bridge.messages import History, Message, PendingInterrupt, TokenCounts, ToolCallRequest
from sdk_bridge.runs import RunHandle, RunRequest, RunSnapshot, ServiceAnswer, ServiceRun
from sdk_bridge.threads import Thread
from sdk_bridge.timeouts import Timeouts
from sdk_bridge.usage import UsageRecord

__all__ = [
    "AgentServer",
    "Bridge",
    "BridgeError",
    "Conflict",
    "Event",
    "Final",
    "History",
    "Interrupted",
    "InvalidRequest",
    "LimitReached",
    "Memory",
    "Message",
    "MessageCompleted",
    "NotFound",
    "PendingInterrupt",
    "Reasoning",
    "Refused",
    "Retryable",
    "RunEnded",
    "RunFailed",
    "RunHandle",
    "RunNotFound",
    "RunRejected",
    "RunRequest",
    "RunSnapshot",
    "RunStarted",
    "ServerBusy",
    "ServerFailed",
    "ServerInfo",
    "ServerTimedOut",
    "ServerUnreachable",
    "ServiceAnswer",
    "ServiceRun",
    "StreamInterrupted",
    "Thread",
    "ThreadDeleted",
    "ThreadNotFound",
    "Timeouts",
    "Token",
    "TokenCounts",
    "ToolCall",
    "ToolCallRequest",
    "ToolResult",
    "UsageRecord",
    "connect",
]
