"""Which options of a run are a client's to choose; the rest is stripped or refused."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from uuid import UUID

from graphs.access.conversation import human_input
from graphs.access.denial import invalid

MOST_STEPS = 100

# What langgraph_api.models.run writes into `configurable` by itself. Entries from headers and tracing are a
# client's words too, so they are not among them.
SERVER_KEYS = frozenset(
    {
        "checkpoint_id",
        "checkpoint_map",
        "checkpoint_ns",
        "cron_id",
        "langgraph_auth_permissions",
        "langgraph_auth_user",
        "langgraph_auth_user_id",
        "langgraph_request_id",
        "__after_seconds__",
        "__context_provided__",
        "__encryption_context__",
        "__event_streaming_v2",
        "__request_start_time_ms__",
    }
)


def restrict_to_user(kwargs: MutableMapping[str, Any], *, run_id: UUID, after_seconds: float | None) -> None:
    """Check a user's run against the allow-list and rewrite its input in place; raises a 422 denial."""
    if after_seconds:
        raise invalid("after_seconds", "A run starts at once.")
    for name in ("interrupt_before", "interrupt_after"):
        if kwargs.get(name):
            raise invalid(name, "Break points are not available.")
    command = kwargs.get("command")
    if command:
        _check_command(command)
    kwargs["input"] = None if command else human_input(kwargs.get("input"), run_id=run_id)


def is_resume(kwargs: Mapping[str, Any]) -> bool:
    """Whether the run goes on with a turn, by an answer to its interrupt or without any input.

    From a checkpoint of the client's choice it may repeat a whole turn, and counts as one.
    """
    configurable = (kwargs.get("config") or {}).get("configurable") or {}
    if any(configurable.get(name) for name in ("checkpoint_id", "checkpoint_map")):
        return False
    return _resumes(kwargs.get("command")) or kwargs.get("input") is None


def keep_server_config(config: MutableMapping[str, Any]) -> None:
    """Strip a run's config, in place, to what the server wrote and a bounded number of steps.

    A client's own `configurable`, tags and metadata would be copied into every checkpoint.
    """
    configurable = config.get("configurable")
    kept: dict[str, Any] = {}
    if isinstance(configurable, Mapping):
        kept = {name: value for name, value in configurable.items() if name in SERVER_KEYS}
    steps = config.get("recursion_limit")
    config.clear()
    config["configurable"] = kept
    if steps is not None:
        config["recursion_limit"] = _bounded(steps)


def _resumes(command: object) -> bool:
    return isinstance(command, Mapping) and command.get("resume") is not None


def _check_command(command: object) -> None:
    if not isinstance(command, Mapping) or not _resumes(command):
        raise invalid("command", "A command can only resume.")
    if any(value is not None for name, value in command.items() if name != "resume"):
        raise invalid("command", "A command can only resume.")


def _bounded(steps: object) -> int:
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise invalid("recursion_limit", "The number of steps is a positive whole number.")
    return min(steps, MOST_STEPS)
