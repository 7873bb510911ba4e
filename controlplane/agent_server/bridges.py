"""Hands out the Agent Server as a user or the control plane itself sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controlplane.accounts.agent_tokens import mint_for_service, mint_for_user
from controlplane.accounts.models import CustomUser
from controlplane.agent_server.connection import agent_server
from sdk_bridge import Bridge


@asynccontextmanager
async def bridge_for_user(user: CustomUser) -> AsyncIterator[Bridge]:
    """Act as a user for a block of at most ten minutes, after which the token ends."""
    async with agent_server() as server:
        yield server.acting_as(mint_for_user(user).token)


@asynccontextmanager
async def bridge_for_service() -> AsyncIterator[Bridge]:
    """Act as the control plane for a block of at most ten minutes, after which the token ends."""
    async with agent_server() as server:
        yield server.acting_as(mint_for_service().token)
