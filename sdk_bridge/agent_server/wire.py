"""Reading of the Agent Server's threads, runs and records into the bridge's own types."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sdk_bridge.bridge import ServerInfo
from sdk_bridge.errors import ServerFailed
from sdk_bridge.memories import Memory
from sdk_bridge.runs import RunSnapshot
from sdk_bridge.threads import Thread
from sdk_bridge.usage import UsageRecord

# Any: what arrives over the wire is JSON; these functions are where it gets its types.
Wire = Mapping[str, Any]


@contextmanager
def reading() -> Iterator[None]:
    """Turn a misfit between the answer and what is read from it into ServerFailed; decorates a reader."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ServerFailed("The Agent Server's answer cannot be read.") from error


@reading()
def read_thread(raw: Wire) -> Thread:
    """Read a thread row."""
    metadata = raw["metadata"] or {}
    return Thread(
        id=UUID(raw["thread_id"]),
        status=raw["status"],
        graph_id=metadata.get("graph_id"),
        metadata=metadata,
        created_at=_time(raw["created_at"]),
        updated_at=_time(raw["updated_at"]),
    )


@reading()
def read_run(raw: Wire) -> RunSnapshot:
    """Read a run row."""
    return RunSnapshot(
        run_id=UUID(raw["run_id"]),
        thread_id=UUID(raw["thread_id"]),
        status=raw["status"],
        created_at=_time(raw["created_at"]),
        updated_at=_time(raw["updated_at"]),
        metadata=raw.get("metadata") or {},
    )


@reading()
def read_recorded_runs(raw: Wire) -> tuple[UUID, ...]:
    """Read the namespaces of records."""
    return tuple(UUID(namespace[1]) for namespace in raw["namespaces"])


@reading()
def read_usage_record(raw: Wire) -> UsageRecord:
    """Read a store item under ("usage", run_id)."""
    value = raw["value"]
    return UsageRecord(
        attempt_id=UUID(value["attempt_id"]),
        run_id=UUID(value["run_id"]),
        provider=str(value["provider"]),
        model=str(value["model"]),
        node=str(value["node"]),
        request_type=str(value["request_type"]),
        outcome=str(value["outcome"]),
        input_tokens=int(value["input_tokens"]),
        output_tokens=int(value["output_tokens"]),
        cached_tokens=int(value["cached_tokens"]),
        reasoning_tokens=int(value["reasoning_tokens"]),
        is_estimated=bool(value["is_estimated"]),
        duration_ms=int(value["duration_ms"]),
        ended_at=_time(value["ended_at"]),
        failure=str(value.get("failure") or ""),
        own_key_version=str(value.get("own_key_version") or ""),
    )


@reading()
def read_memory(raw: Wire) -> Memory:
    """Read a store item among a user's memories."""
    return Memory(
        id=UUID(raw["key"]),
        text=str(raw["value"]["text"]),
        created_at=_time(raw["created_at"]),
        updated_at=_time(raw["updated_at"]),
    )


@reading()
def read_server_info(raw: Wire) -> ServerInfo:
    """Read the answer of /info."""
    return ServerInfo(version=raw["version"], langgraph_version=raw["langgraph_py_version"])


def _time(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
