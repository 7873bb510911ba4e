"""Ways to see that a server is ready to work, not merely started."""

import asyncio
import time
from pathlib import Path

import httpx
from celery import Celery
from kombu.exceptions import OperationalError

from controlplane.embedded.options import HOST
from controlplane.embedded.parts import Probe

ANSWER_SECONDS = 2.0


def http_answers(port: int, path: str) -> Probe:
    """Return a probe that wants 200 from an HTTP server on loopback."""

    async def is_ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
                response = await client.get(f"http://{HOST}:{port}{path}")
        except httpx.TransportError:
            return False
        return response.status_code == httpx.codes.OK

    return is_ready


def valkey_answers(port: int, password: str) -> Probe:
    """Return a probe that wants PONG, which comes when the append-only file is loaded."""
    question = f"AUTH {password}\r\nPING\r\n".encode()

    async def is_ready() -> bool:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return False
        try:
            writer.write(question)
            answers = [await asyncio.wait_for(reader.readline(), ANSWER_SECONDS) for _ in range(2)]
        except OSError:
            return False
        finally:
            writer.close()
        return answers == [b"+OK\r\n", b"+PONG\r\n"]

    return is_ready


def worker_answers(broker_url: str, node: str) -> Probe:
    """Return a probe that pings one Celery worker over its broker."""
    celery = Celery(broker=broker_url)

    def ping() -> bool:
        with celery.connection_for_write() as broker:
            unreachable: tuple[type[BaseException], ...] = (OperationalError, *broker.connection_errors)
            try:
                return bool(celery.control.ping(destination=[node], timeout=0.5, connection=broker))
            except unreachable:
                return False

    async def is_ready() -> bool:
        return await asyncio.to_thread(ping)

    return is_ready


class FileWritten:
    """A probe that wants a file to be written after `start_waiting`."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self._folder = folder
        self._pattern = pattern
        self._since = 0.0

    async def start_waiting(self) -> None:
        """Take what is there now for old."""
        self._since = time.time()

    async def is_ready(self) -> bool:
        """Tell whether a file of this pattern was written since."""
        return any(path.stat().st_mtime >= self._since for path in self._folder.glob(self._pattern))
