"""Keeps long waits cheap: who waits for the Agent Server holds no database connection, a stream no thread."""

from asgiref.sync import AsyncToSync, SyncToAsync, sync_to_async
from django.db import connections


async def free_thread() -> None:
    """Give the request's thread and its database connection back; both are taken anew when next needed.

    Django keeps them for the whole request, streamed answer included, so a handful of streams would empty the
    connection pool. Inside a caller's transaction the connection stays, and below synchronous middleware the
    thread does: it waits there itself.
    """
    await sync_to_async(_close_connections)()
    if getattr(AsyncToSync.executors, "current", None) is not None:
        # Synchronous middleware waits in the thread, and whatever connection is opened later is closed there.
        return
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        return
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.shutdown(wait=False)


def _close_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
