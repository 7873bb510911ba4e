"""Puts the bridge's in-memory server where the control plane looks for the Agent Server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
from django.conf import settings

from controlplane.accounts.signing_keys import load_signing_key
from sdk_bridge import AgentServer, Timeouts
from sdk_bridge.memory import Admission, Identity, MemoryAgentServer
from sdk_bridge.memory.assistant import Assistant
from sdk_bridge.memory.state import ServiceGraph, answer_nothing

CONNECTOR = f"{__name__}.connect"
_present: list[MemoryAgentServer] = []
_connections: list[str] = []


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[AgentServer]:
    """Stand in for `sdk_bridge.connect`."""
    _connections.append(url)
    yield _present[-1]


def times_connected() -> int:
    """Say how often a connection was opened in this process."""
    return len(_connections)


def install(
    *,
    admit: Admission | None = None,
    serve: ServiceGraph = answer_nothing,
    **assistants: Assistant,
) -> MemoryAgentServer:
    """Start over with an empty server that accepts exactly the tokens that this control plane mints."""
    server = MemoryAgentServer(
        identify=identify,
        assistants=assistants or None,
        admit=admit,
        serve=serve,
        timeouts=Timeouts(request=0.3, stream_idle=0.3),
    )
    _present[:] = [server]
    return server


def identify(token: str) -> Identity:
    """Say whose token it is, as the Agent Server's auth does."""
    public_key = load_signing_key(settings.JWT_SIGNING_KEY_FILE).key.public_key()
    claims = jwt.decode(token, public_key, algorithms=["ES256"], audience="langgraph", issuer="threadplane")
    return Identity(id=claims["sub"], is_service=claims["role"] == "service")
