"""Where the stack keeps its data and which ports it takes, read from the environment once."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controlplane.embedded.errors import PortTaken, SettingInvalid

PROJECT_ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
HIGHEST_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One TCP port per server, all on loopback."""

    control_plane: int = 8000
    agent_server: int = 8123
    postgres: int = 5433
    valkey: int = 6380
    model: int = 8124

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read `…_PORT` variables; 0 picks any free port. Raises SettingInvalid."""
        return cls(
            control_plane=_port(environ, "CONTROL_PLANE_PORT", cls.control_plane),
            agent_server=_port(environ, "LANGGRAPH_PORT", cls.agent_server),
            postgres=_port(environ, "POSTGRES_PORT", cls.postgres),
            valkey=_port(environ, "VALKEY_PORT", cls.valkey),
            model=_port(environ, "MODEL_PORT", cls.model),
        )


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person can choose about the stack."""

    data: Path
    ports: Ports

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read `THREADPLANE_DATA` (default `.data` in the project) and the ports."""
        data = environ.get("THREADPLANE_DATA") or str(PROJECT_ROOT / ".data")
        return cls(data=Path(data).absolute(), ports=Ports.read(environ))


PORT_SETTINGS = {
    "postgres": ("POSTGRES_PORT", "postgres"),
    "valkey": ("VALKEY_PORT", "valkey"),
    "model": ("MODEL_PORT", "model"),
    "agent-server": ("LANGGRAPH_PORT", "agent_server"),
    "django": ("CONTROL_PLANE_PORT", "control_plane"),
}


def check_ports(ports: Ports, parts: tuple[str, ...]) -> None:
    """Make sure that the ports of these parts are free and distinct.

    Raises PortTaken naming every port that is not, the part that wanted it and the variable that moves it.
    """
    wanted = [(part, *PORT_SETTINGS[part]) for part in parts if part in PORT_SETTINGS]
    complaints: list[str] = []
    seen: dict[int, str] = {}
    for part, variable, field in wanted:
        port: int = getattr(ports, field)
        if port in seen:
            complaints.append(f"port {port} is wanted by {seen[port]} and by {part}: change {variable}")
        elif not _is_free(port):
            complaints.append(f"port {port} on {HOST} is taken; {part} wanted it: free it or set {variable}")
        seen[port] = part
    if complaints:
        raise PortTaken("\n".join(complaints))


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable) or str(default)
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise SettingInvalid(f"{variable} must be a port number, not {text!r}")
    return int(text) or _any_free_port()


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
