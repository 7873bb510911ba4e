"""Documents that are processed by a worker which a test kills at a moment it chooses."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from celery import Celery
from psycopg.rows import dict_row

from controlplane.embedded.child import kill_group
from controlplane.embedded.django_processes import worker_part
from controlplane.embedded.settings import DJANGO_SETTINGS, part_environment
from tests.controlplane.embeddings.server import EmbeddingsServer, embeddings_listening
from tests.end_to_end.api import Api, eventually
from tests.end_to_end.control_plane_processes import spawn
from tests.running_stack import RunningStack

READER: Final = "controlplane.documents.extraction.child"
DIMENSIONS: Final = 8


@dataclass
class Provider:
    """Embeddings of any text, counted by text, and held back where a test asks for it."""

    server: EmbeddingsServer
    given: Counter[str] = field(default_factory=Counter)
    # How many calls of a document go through before the next one is held; none is where nobody set it.
    _hold_after: int | None = None
    _held: threading.Event = field(default_factory=threading.Event)
    _release: threading.Event = field(default_factory=threading.Event)

    def answer(self, content: dict[str, Any]) -> bytes:
        """Answer at once, or once the test says so; what is held is not counted as given."""
        if self._hold_after == 0:
            self._held.set()
            assert self._release.wait(60), "nobody let the provider go on"
            return b"{}"
        if self._hold_after is not None:
            self._hold_after -= 1
        self.given.update(content["input"])
        data = [{"index": place, "embedding": vector_of(text)} for place, text in enumerate(content["input"])]
        return json.dumps({"data": data, "usage": {"prompt_tokens": len(data)}}).encode()

    @contextmanager
    def holding(self, after: int) -> Iterator[threading.Event]:
        """Hold the call after so many; gives the event of its arrival."""
        self._held.clear()
        self._release.clear()
        self._hold_after = after
        try:
            yield self._held
        finally:
            self._hold_after = None
            self._release.set()


def vector_of(text: str) -> list[float]:
    return [byte / 256 + 0.01 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]


@dataclass
class Worker:
    """A Celery worker, as the product starts it, in a process group of its own."""

    settings: dict[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes jobs."""
        part = worker_part(
            node=f"killed@{os.getpid()}",
            broker_url=self.settings["REDIS_URL"],
            environment=part_environment(DJANGO_SETTINGS, self.settings, os.environ),
        )
        with self.log.open("ab") as output:
            self._process = spawn(part, output.fileno())
        eventually(lambda: asyncio.run(part.is_ready()), bool, within=60)

    def kill(self) -> None:
        """Kill all of it."""
        assert self._process is not None
        kill_group(self._process.pid)
        self._process.wait(timeout=10)

    def kill_hands(self) -> None:
        """Kill the processes that do its jobs, as the kernel does when memory runs out; it starts others."""
        assert self._process is not None
        before = self._hands()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(self._hands, lambda now: len(now) == len(before) and not now & before, within=20)

    def _hands(self) -> set[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return {int(pid) for pid in children.split() if READER not in command_of(int(pid))}


def command_of(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def readers() -> list[int]:
    """The processes on this machine that read a document of any worker of ours."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if READER in command_of(pid)]


@dataclass
class Scene:
    """The databases, REST and the worker, without beat: what is overdue is looked for when a test says so."""

    stack: RunningStack
    provider: Provider
    worker: Worker
    api: Api
    queue: Celery

    def rows(self, query: str, *values: object, of: str = "DATABASE_URL") -> list[dict[str, Any]]:
        """Read from the control plane's database, or that of the vectors."""
        with psycopg.connect(self.address(of), row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def address(self, of: str = "DATABASE_URL") -> str:
        """Where a database is, as psycopg takes it."""
        return self.stack.environment[of].replace("postgresql+psycopg://", "postgresql://", 1)

    def document(self, document: str) -> dict[str, Any]:
        """A document's row."""
        [row] = self.rows("SELECT * FROM documents_userdocument WHERE id = %s", document)
        return row

    def vectors(self, document: str) -> list[dict[str, Any]]:
        """What is stored of a document to be searched."""
        query = (
            "SELECT id, document, cmetadata FROM langchain_pg_embedding WHERE cmetadata->>'document_id' = %s"
        )
        return self.rows(query, document, of="PGVECTOR_CONNECTION_STRING")

    def take_up(self, document: str) -> None:
        """Let the minutes pass for which its dead processor is waited for, and look for what is overdue."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(
                "UPDATE documents_userdocument SET processing_until = now() - interval '1 second' "
                "WHERE id = %s AND processing_status = 'processing'",
                [document],
            )
        self.queue.send_task("documents.sweep_processing", queue="sweeps")

    def reaches(self, document: str, stage: str, *, attempt: int) -> None:
        """Wait until an attempt is at a stage."""
        self._wait(
            lambda: self.rows(
                "SELECT 1 FROM documents_userdocument WHERE id = %s AND processing_status = 'processing' "
                "AND processing_stage = %s AND processing_attempt = %s",
                document,
                stage,
                attempt,
            )
        )

    @contextmanager
    def locked(self, table: str, *, of: str = "DATABASE_URL") -> Iterator[Callable[[], None]]:
        """Let nobody write to a table; gives a function that waits until somebody wants to."""
        with psycopg.connect(self.address(of)) as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield lambda: self._wait(
                lambda: self.rows(
                    "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", table, of=of
                )
            )
            connection.rollback()

    def _wait(self, condition: Callable[[], object], *, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.005)


@contextmanager
def scene_of(folder: Path, *, email: str, password: str) -> Iterator[Scene]:
    """Start what is needed, and end it."""
    with embeddings_listening() as listening:
        provider = Provider(listening)
        listening.answer = provider.answer  # type: ignore[method-assign]  # as it is made to be
        stack = RunningStack.start(
            folder,
            only=("postgres", "valkey", "migrate", "django"),
            EMBEDDINGS_BASE_URL=listening.base_url,
            OPENAI_BASE_URL=listening.base_url,
            OPENAI_API_KEY="sk-scripted",
            DEMO_EMAIL=email,
            DEMO_PASSWORD=password,
        )
        worker = Worker(stack.environment, folder / "worker.log")
        try:
            worker.start()
            api = Api.signed_in(stack.control_plane_url, email, password)
            with Celery(broker=stack.environment["REDIS_URL"]) as queue:
                yield Scene(stack, provider, worker, api, queue)
        finally:
            worker.kill()
            stack.stop()
