"""Leaves out of stored checkpoints what says nothing: padding, and what the server says of itself."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata, get_serializable_checkpoint_metadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

PADDED_DIGITS = 32
UNPADDED = "~"
COMPRESSED = "zlib:"

# The row names its thread already, and the run that `run_id` names knows the rest.
UNTOLD = frozenset(
    {
        "created_by",
        "langgraph_api_url",
        "langgraph_api_version",
        "langgraph_auth_user",
        "langgraph_auth_user_id",
        "langgraph_auth_permissions",
        "langgraph_host",
        "langgraph_plan",
        "langgraph_request_id",
        "langgraph_version",
        "owner",
        "run_attempt",
        "thread_id",
        "user_id",
    }
)


class Rebuilt(_DeltaSnapshot):
    """A value that was read back from its writes: nothing stored holds it, and nothing shall."""


class CompactSerializer(JsonPlusSerializer):
    """The stock serializer, which also reads what was compressed."""

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Read a value, compressed or not."""
        kind, content = data
        if kind.startswith(COMPRESSED):
            return super().loads_typed((kind.removeprefix(COMPRESSED), zlib.decompress(content)))
        return super().loads_typed(data)

    def dumps_compressed(self: Self, value: Any) -> tuple[str, bytes]:
        """Write a value; it is left plain where compression gains nothing."""
        kind, content = self.dumps_typed(value)
        smaller = zlib.compress(content, level=9)
        return (COMPRESSED + kind, smaller) if len(smaller) < len(content) else (kind, content)


def unpadded(version: Any) -> Any:
    """Shorten a version of the server's, `000…012.0.345` to `~12.0.345`."""
    if not isinstance(version, str) or version.find(".") != PADDED_DIGITS:
        return version
    number, _, rest = version.partition(".")
    return f"{UNPADDED}{int(number)}.{rest}" if number.isdecimal() else version


def padded(version: Any) -> Any:
    """Give a version as the server made it: it compares them as text."""
    if not isinstance(version, str) or not version.startswith(UNPADDED):
        return version
    number, _, rest = version.removeprefix(UNPADDED).partition(".")
    return f"{number.zfill(PADDED_DIGITS)}.{rest}"


def stored_form(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint as it is stored."""
    values = checkpoint["channel_values"]
    kept = {name: value for name, value in values.items() if not isinstance(value, Rebuilt)}
    return {**_with_versions(checkpoint, unpadded), "channel_values": kept}


def server_form(checkpoint: Checkpoint) -> Checkpoint:
    """Return a stored checkpoint as the server knows it."""
    return _with_versions(checkpoint, padded)


def metadata_to_keep(config: RunnableConfig, metadata: CheckpointMetadata) -> CheckpointMetadata:
    """Return what is told of a checkpoint, what its run brings along included."""
    told: Mapping[str, Any] = get_serializable_checkpoint_metadata(config, metadata)
    kept: Any = {name: value for name, value in told.items() if name not in UNTOLD}
    return kept  # type: ignore[no-any-return]  # a TypedDict with keys of the run's own


def place_only(config: RunnableConfig) -> RunnableConfig:
    """Return a config that names a place and brings nothing along into the metadata."""
    place = config["configurable"]
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": {name: place[name] for name in names if name in place}}


def _with_versions(checkpoint: Checkpoint, form: Callable[[Any], Any]) -> Checkpoint:
    seen = checkpoint["versions_seen"]
    return {
        **checkpoint,
        "channel_versions": {name: form(v) for name, v in checkpoint["channel_versions"].items()},
        "versions_seen": {node: {name: form(v) for name, v in of.items()} for node, of in seen.items()},
    }
