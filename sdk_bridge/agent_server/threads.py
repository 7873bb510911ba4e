"""Threads of the real Agent Server."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from langgraph_sdk.client import ThreadsClient
from langgraph_sdk.schema import Checkpoint as WireCheckpoint
from langgraph_sdk.schema import ThreadSelectField

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.agent_server.wire import read_thread
from sdk_bridge.agent_server.wire_messages import read_checkpoint, read_history
from sdk_bridge.errors import ThreadNotFound
from sdk_bridge.messages import Checkpoint, History
from sdk_bridge.threads import Thread, owned_by

FIELDS: Final[list[ThreadSelectField]] = ["thread_id", "status", "metadata", "created_at", "updated_at"]


class SdkThreads(CallGroup):
    """Implements `sdk_bridge.bridge.ThreadCalls`."""

    @property
    def _threads(self) -> ThreadsClient:
        return self._caller.client.threads

    async def create_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", metadata: Mapping[str, object] | None = None
    ) -> Thread:
        raw = await self._caller.repeatable(
            lambda: self._threads.create(
                thread_id=str(thread_id),
                graph_id=graph_id,
                metadata=dict(metadata or {}),
                if_exists="do_nothing",
                headers=self._caller.headers,
            )
        )
        return read_thread(raw)

    async def get_thread(self, thread_id: UUID) -> Thread:
        raw = await self._caller.repeatable(
            lambda: self._threads.get(str(thread_id), headers=self._caller.headers)
        )
        return read_thread(raw)

    async def restore_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", owner_id: UUID | None = None
    ) -> Thread:
        # Without its graph the server cannot read a thread's checkpoints, so the graph is named at once.
        return await self.create_thread(thread_id, graph_id=graph_id, metadata=owned_by(owner_id))

    async def read_history(
        self,
        thread_id: UUID,
        *,
        limit: int = 100,
        before: int | None = None,
        checkpoint_id: UUID | None = None,
    ) -> History:
        checkpoint = _checkpoint(thread_id, checkpoint_id) if checkpoint_id else None
        raw = await self._caller.repeatable(
            lambda: self._threads.get_state(str(thread_id), checkpoint, headers=self._caller.headers)
        )
        return read_history(raw, thread_id=thread_id, limit=limit, before=before)

    async def read_checkpoints(
        self, thread_id: UUID, *, limit: int = 20, before: str | None = None
    ) -> tuple[Checkpoint, ...]:
        # Not by the SDK: it names the checkpoint before in a form that the development server cannot read.
        page: dict[str, Any] = {"limit": limit, **({} if before is None else {"before": before})}
        rows = await self._caller.repeatable(
            lambda: self._caller.client.http.get(
                f"/threads/{thread_id}/history", params=page, headers=self._caller.headers
            )
        )
        return tuple(read_checkpoint(row) for row in rows)

    async def copy_thread(self, thread_id: UUID) -> Thread:
        # Of a missing thread the server only says that there was a conflict.
        await self.get_thread(thread_id)
        raw: Any = await self._caller.once(
            lambda: self._threads.copy(str(thread_id), headers=self._caller.headers)
        )
        return read_thread(raw)

    async def rewind_thread(self, thread_id: UUID, checkpoint_id: UUID) -> None:
        await self._caller.once(
            lambda: self._threads.update_state(
                str(thread_id),
                None,
                checkpoint=_checkpoint(thread_id, checkpoint_id),
                headers=self._caller.headers,
            )
        )

    async def list_threads(
        self,
        *,
        limit: int = 100,
        offset: int = 0,
        owner_id: UUID | None = None,
        thread_ids: Collection[UUID] | None = None,
    ) -> tuple[Thread, ...]:
        if thread_ids is not None and not thread_ids:
            # The server would take an empty list for none, and list all there are.
            return ()
        raw = await self._caller.repeatable(
            lambda: self._threads.search(
                metadata=dict(owned_by(owner_id)),
                ids=[str(thread_id) for thread_id in thread_ids or ()],
                limit=limit,
                offset=offset,
                # Where it stands, the one thing that never changes: what moved would be read twice or never.
                sort_by="created_at",
                sort_order="asc",
                select=FIELDS,
                headers=self._caller.headers,
            )
        )
        return tuple(read_thread(thread) for thread in raw)

    async def delete_thread(self, thread_id: UUID) -> None:
        try:
            await self._caller.repeatable(
                lambda: self._threads.delete(str(thread_id), headers=self._caller.headers)
            )
        except ThreadNotFound:
            return

    async def find_threads(self, owner_id: UUID, *, limit: int = 100) -> tuple[UUID, ...]:
        rows = await self._caller.repeatable(
            lambda: self._threads.search(
                metadata={"owner": str(owner_id)},
                limit=limit,
                select=["thread_id"],
                headers=self._caller.headers,
            )
        )
        return tuple(UUID(str(row["thread_id"])) for row in rows)


def _checkpoint(thread_id: UUID, checkpoint_id: UUID) -> WireCheckpoint:
    return WireCheckpoint(
        thread_id=str(thread_id), checkpoint_ns="", checkpoint_id=str(checkpoint_id), checkpoint_map={}
    )
