"""Threads of the in-memory server."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID, uuid4

from sdk_bridge.errors import Conflict, Refused
from sdk_bridge.memory.calls import MemoryCalls
from sdk_bridge.memory.identity import Identity
from sdk_bridge.memory.state import owns
from sdk_bridge.messages import Checkpoint, History
from sdk_bridge.threads import Thread, owned_by


class MemoryThreads(MemoryCalls):
    """Implements `sdk_bridge.bridge.ThreadCalls`."""

    async def create_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", metadata: Mapping[str, object] | None = None
    ) -> Thread:
        return self._put_thread(await self._enter(), thread_id, graph_id=graph_id, metadata=metadata or {})

    async def get_thread(self, thread_id: UUID) -> Thread:
        return self._state.thread_seen_by(await self._enter(), thread_id)

    async def restore_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", owner_id: UUID | None = None
    ) -> Thread:
        return await self.create_thread(thread_id, graph_id=graph_id, metadata=owned_by(owner_id))

    async def read_history(
        self,
        thread_id: UUID,
        *,
        limit: int = 100,
        before: int | None = None,
        checkpoint_id: UUID | None = None,
    ) -> History:
        self._state.thread_seen_by(await self._enter(), thread_id)
        conversation = self._state.conversations[thread_id]
        if checkpoint_id is not None:
            conversation = conversation.at(str(checkpoint_id))
        return conversation.page(thread_id, limit=limit, before=before)

    async def read_checkpoints(
        self, thread_id: UUID, *, limit: int = 20, before: str | None = None
    ) -> tuple[Checkpoint, ...]:
        self._state.thread_seen_by(await self._enter(), thread_id)
        return self._state.conversations[thread_id].places(limit=limit, before=before)

    async def copy_thread(self, thread_id: UUID) -> Thread:
        source = self._state.thread_seen_by(await self._enter(), thread_id)
        now, copy_id = datetime.now(UTC), uuid4()
        self._state.threads[copy_id] = replace(source, id=copy_id, created_at=now, updated_at=now)
        self._state.conversations[copy_id] = self._state.conversations[thread_id].copy()
        return replace(self._state.threads[copy_id], status="idle")

    async def rewind_thread(self, thread_id: UUID, checkpoint_id: UUID) -> None:
        identity = await self._enter()
        self._state.thread_seen_by(identity, thread_id)
        if not identity.is_service:
            raise Refused("The state of a thread cannot be edited.", code="state_update_not_allowed")
        if self._state.live_runs_of(thread_id):
            raise Conflict("The thread has runs that are not over.")
        self._state.conversations[thread_id].rewind(str(checkpoint_id))

    async def list_threads(
        self,
        *,
        limit: int = 100,
        offset: int = 0,
        owner_id: UUID | None = None,
        thread_ids: Collection[UUID] | None = None,
    ) -> tuple[Thread, ...]:
        identity = await self._enter()
        found = [
            self._state.thread_seen_by(identity, thread.id)
            for thread in sorted(self._state.threads.values(), key=lambda thread: thread.created_at)
            if owns(identity, thread)
            and (owner_id is None or thread.metadata.get("owner") == str(owner_id))
            and (thread_ids is None or thread.id in thread_ids)
        ]
        return tuple(found[offset : offset + limit])

    async def delete_thread(self, thread_id: UUID) -> None:
        identity = await self._enter()
        thread = self._state.threads.get(thread_id)
        if thread is None or not owns(identity, thread):
            return
        for run in self._state.runs_of(thread_id):
            await run.cancel(rollback=False, wait=True)
            del self._state.runs[run.snapshot.run_id]
        del self._state.threads[thread_id]
        self._state.conversations.pop(thread_id, None)

    async def find_threads(self, owner_id: UUID, *, limit: int = 100) -> tuple[UUID, ...]:
        identity = await self._enter()
        mine = (
            thread.id
            for thread in self._state.threads.values()
            if owns(identity, thread) and thread.metadata["owner"] == str(owner_id)
        )
        return tuple(islice(mine, limit))

    def _put_thread(
        self, identity: Identity, thread_id: UUID, *, graph_id: str, metadata: Mapping[str, object]
    ) -> Thread:
        present = self._state.threads.get(thread_id)
        if present is not None and not owns(identity, present):
            raise Conflict(f"Thread with ID {thread_id} already exists")
        if present is None:
            now = datetime.now(UTC)
            # The service's threads are whose it says; a user's are the user's.
            owner = metadata.get("owner", identity.id) if identity.is_service else identity.id
            own = {**metadata, "owner": owner, "graph_id": graph_id}
            self._state.threads[thread_id] = Thread(thread_id, "idle", graph_id, own, now, now)
        return self._state.thread_seen_by(identity, thread_id)
