"""The protocol's own test server behind the few words that tests need, over HTTP and as a program."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.ports import free_ports
from tests.scripted_model import NODE

FOLDER = Path(__file__).parent / "node_modules" / "@modelcontextprotocol" / "server-everything" / "dist"
PROGRAM = FOLDER / "index.js"
LONG_RUNNING = "trigger-long-running-operation"


@dataclass
class EverythingServer:
    """The server over HTTP, which can be killed, stopped for a while, and started again."""

    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, *, port: int | None = None) -> Self:
        """Start it and wait until it answers."""
        port = port or free_ports(1)[0]
        process = subprocess.Popen(
            [str(NODE), str(PROGRAM), "streamableHttp"],
            env={**os.environ, "PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = cls(port=port, process=process)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                httpx.get(server.url, timeout=2, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return server
        server.kill()
        raise TimeoutError("the MCP server did not start within 20 s")

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait(timeout=10)

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)


def program(mark: str) -> dict[str, object]:
    """Describe the server as a program; the mark is an argument by which its processes are found."""
    return {"command": str(NODE), "args": [str(PROGRAM), "stdio", mark]}


def programs(mark: str, *, slug: str = "local") -> str:
    """Write the setting that names this one program."""
    return json.dumps({slug: program(mark)})


def processes(mark: str) -> list[int]:
    """Find the processes that were started with a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
