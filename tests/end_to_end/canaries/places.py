"""Where secrets are looked for: each place gives what it holds, piece by piece, named so that it is found."""

import base64
import re
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.end_to_end.canaries.conversations import Traces
from tests.end_to_end.canaries.inhabited_system import InhabitedSystem
from tests.end_to_end.canaries.people import People
from tests.end_to_end.canaries.walks import admin_pages, agent_server_answers, rest_answers

Piece = tuple[str, bytes]
FILES = {
    "logs": ("logs", "supervisor.log"),
    "Agent Server's files": ("agent-server",),
    "Valkey's files": ("valkey",),
}
# The cluster is read through its server, and the secrets' own folder is what it is for.
NOT_READ = ("postgres", "secrets")


class Places:
    """Every place of one system; reading one again finds what was put there meanwhile."""

    def __init__(self, system: InhabitedSystem, people: People, traces: Traces) -> None:
        self.system, self.people, self.traces = system, people, traces
        # What the walks hear later is theirs.
        self.story = list(system.hearing.answers)
        self.pids = {**system.stack.pids(), "supervisor": system.stack.process.pid}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.readers: dict[str, Callable[[], Iterable[Piece]]] = {
            "databases": self.databases,
            "Valkey": self.valkey,
            **{name: lambda name=name: self.files(name) for name in (*FILES, "other files")},
            "command lines": self.command_lines,
            "webhooks": lambda: self.told("/internal/webhooks/"),
            "internal requests": lambda: self.told("/internal/"),
            "API answers": lambda: self.answers(are_errors=False),
            "error answers": lambda: self.answers(are_errors=True),
            "REST, walked": lambda: rest_answers(self.system, self.people, self.traces),
            "Agent Server, walked": lambda: agent_server_answers(self.people, self.traces),
            "admin pages": lambda: admin_pages(self.people),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self.processes:
            process.communicate(input=b"\n", timeout=10)

    def databases(self) -> Iterator[Piece]:
        """Give every row of every table of every database."""
        address = self.system.stack.environment["DATABASE_URL"]
        with psycopg.connect(address) as connection:
            names = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
        for (name,) in names:
            with psycopg.connect(
                make_conninfo(**{**conninfo_to_dict(address), "dbname": name})
            ) as connection:
                yield from _rows(name, connection)

    def valkey(self) -> Iterator[Piece]:
        """Give every key and all that is under it."""
        url = self.system.stack.environment["REDIS_URL"]
        for number in range(16):
            with redis.Redis.from_url(url, db=number) as client:
                for key in client.scan_iter(count=1000):
                    yield f"{number}/{key!r}", bytes(key) + b" " + _held_under(client, key)

    def files(self, kind: str) -> Iterator[Piece]:
        """Give the files of a kind below the data folder; `other files` are those of no other kind."""
        root = self.system.folder
        known = {name for names in FILES.values() for name in names}
        for path in sorted(root.rglob("*")):
            top = path.relative_to(root).parts[0]
            if top in NOT_READ or path.is_symlink() or not path.is_file():
                continue
            if top in FILES.get(kind, ()) or (kind == "other files" and top not in known):
                yield str(path.relative_to(root)), path.read_bytes()

    def command_lines(self) -> Iterator[Piece]:
        """Give what `ps` shows to everybody on the machine."""
        for part, pid in self.pids.items():
            yield part, Path(f"/proc/{pid}/cmdline").read_bytes()

    def told(self, address: str) -> Iterator[Piece]:
        """Give addresses and bodies of what the Agent Server sent; headers are where secrets belong."""
        for number, heard in enumerate(self.system.proxy.at(address)):
            yield f"{heard.path} (no. {number})", heard.path.encode() + b" " + heard.body

    def answers(self, *, are_errors: bool) -> Iterator[Piece]:
        """Give every answer that was heard during the story."""
        for answer in self.story:
            if answer.is_error == are_errors:
                yield answer.label, answer.content


def _rows(database: str, connection: psycopg.Connection[Any]) -> Iterator[Piece]:
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    for schema, table in tables:
        rows = connection.execute(
            sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
        ).fetchall()
        yield f"{database}.{table}", b"\n".join(_flat(value) for row in rows for value in row)


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    text = str(value)
    return text.encode() + _unpacked(text)


def _unpacked(text: str) -> bytes:
    """Unpack what Django compresses: the data of browser sessions."""
    packed = re.match(r"\.([\w-]+):", text)
    if packed is None:
        return b""
    with suppress(ValueError, zlib.error):
        return b" " + zlib.decompress(base64.urlsafe_b64decode(packed[1] + "=" * (-len(packed[1]) % 4)))
    return b""


def _held_under(client: Any, key: bytes) -> bytes:
    readers: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda: client.xrange(key),
        # It ran out between being listed and being read.
        b"none": lambda: b"",
    }
    held = readers[client.type(key)]()
    return held if isinstance(held, bytes) else b" ".join(_bytes_in(held))


def _bytes_in(held: Any) -> Iterator[bytes]:
    if isinstance(held, bytes):
        yield held
    elif isinstance(held, dict):
        for name, value in held.items():
            yield from (*_bytes_in(name), *_bytes_in(value))
    elif isinstance(held, list | tuple | set):
        for one in held:
            yield from _bytes_in(one)
