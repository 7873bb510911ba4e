"""What the supervisor is told about a part: how to start it, how to see that it is ready, how to stop it."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controlplane.embedded.options import PROJECT_ROOT

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Account:
    """The operating system's user that a part runs as."""

    uid: int
    gid: int


async def nothing_to_prepare() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A long-running process. `needs` names parts and jobs that have to be ready before its first start."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    is_ready: Probe
    needs: tuple[str, ...] = ()
    cwd: Path = PROJECT_ROOT
    account: Account | None = None
    prepare: Callable[[], Awaitable[None]] = nothing_to_prepare
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    ready_seconds: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command that runs once, before what needs it starts."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    needs: tuple[str, ...] = ()
