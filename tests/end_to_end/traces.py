"""Looks for words and ids in every place where the system keeps anything, however they are written there.

Postgres' own files are left out: what is deleted stays in a heap file until VACUUM gives its room away, in
the write-ahead log until it is recycled, and no query reads either. All that queries can read is read.
"""

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from cryptography.fernet import Fernet, MultiFernet
from psycopg import sql
from redis import Redis

from tests.running_stack import RunningStack

DATABASES = ("DATABASE_URL", "PG_CHECKPOINT_URI", "PGVECTOR_CONNECTION_STRING")
TABLES = """
    SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 1, 2
"""
# Written elsewhere while the system runs, and read by nobody but Postgres itself.
NOT_OURS_TO_READ = ("postgres",)
ENCODED = re.compile(rb"[A-Za-z0-9_+/=-]{24,}")

Places = Mapping[str, Counter[str]]


@dataclass(frozen=True)
class Sought:
    """Words by name, and ids by name; ids are looked for in all the ways in which they are written."""

    words: Mapping[str, str]
    ids: Mapping[str, str]

    def patterns(self) -> Iterator[tuple[str, bytes]]:
        """Give each name with each of its spellings."""
        for name, word in self.words.items():
            yield name, word.lower().encode()
        for name, text in self.ids.items():
            given = UUID(text)
            yield name, str(given).encode()
            yield name, given.hex.encode()
            yield name, given.bytes
            # As a pickled number.
            yield name, given.bytes[::-1]


def scan(stack: RunningStack, folder: Path, sought: Sought) -> Places:
    """Return by place what was found there, and how often; places without any are left out."""
    return _sift(_places(stack, folder), sought)


def scan_database(address: str, sought: Sought) -> Places:
    """Do the same in one database."""
    return _sift(_rows("database", address), sought)


def _sift(places: Iterable[tuple[str, bytes]], sought: Sought) -> Places:
    found: dict[str, Counter[str]] = {}
    patterns = list(sought.patterns())
    for place, content in places:
        for name in {name for name, spelling in patterns if spelling in content}:
            found.setdefault(place, Counter())[name] += 1
    return found


def _places(stack: RunningStack, folder: Path) -> Iterator[tuple[str, bytes]]:
    for variable in DATABASES:
        yield from _rows(variable, stack.environment[variable])
    yield from _entries(stack.environment["REDIS_URL"])
    yield from _files(folder)


def _rows(variable: str, address: str) -> Iterator[tuple[str, bytes]]:
    plain = address.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain) as connection:
        for schema, table in connection.execute(TABLES).fetchall():
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            for (text,) in connection.cursor().stream(query):
                yield f"{variable}: {table}", _spelled_out(str(text).lower())


def _spelled_out(row: str) -> bytes:
    """Add what a row says in bytes (written in hex by Postgres), and what it has packed."""
    packed = re.findall(r"\\x((?:[0-9a-f]{2})+)", row)
    return b"\n".join([row.encode(), *(bytes.fromhex(one).lower() for one in packed)])


def _entries(address: str) -> Iterator[tuple[str, bytes]]:
    with Redis.from_url(address) as server:
        for key in server.scan_iter(count=1000):
            pieces = [key, *_values(server, key)]
            content = b"\n".join(pieces)
            yield "Valkey", b"\n".join([content.lower(), *_decoded(content)])


def _values(server: Any, key: bytes) -> Iterable[bytes]:
    kind = server.type(key).decode()
    if kind == "string":
        return [server.get(key) or b""]
    if kind == "list":
        return list(server.lrange(key, 0, -1))
    if kind == "hash":
        return [part for pair in server.hgetall(key).items() for part in pair]
    if kind == "set":
        return list(server.smembers(key))
    assert kind in {"zset", "none"}, f"a key of a kind that nobody reads here: {kind}"
    return list(server.zrange(key, 0, -1))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if inside.parts[0] in NOT_OURS_TO_READ or not path.is_file() or path.is_symlink():
            continue
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        yield f"file {inside}", content + b"\n" + content.lower()


def _decoded(content: bytes) -> list[bytes]:
    """Give what is wrapped in base64, as jobs are in the queue, packed or not."""
    plain = []
    for wrapped in ENCODED.findall(content):
        try:
            told = base64.urlsafe_b64decode(wrapped.replace(b"+", b"-").replace(b"/", b"_") + b"==")
        except ValueError:
            continue
        plain.append(told.lower())
    return plain


def browser_sessions(stack: RunningStack) -> list[bytes]:
    """Read what browser sessions say: it is sealed, so the scan above sees nothing of it."""
    box = MultiFernet([Fernet(key) for key in stack.environment["FERNET_KEYS"].split(",")])
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT session_data FROM django_session").fetchall()
    return [_unpacked(box.decrypt(str(data).encode()).decode()) for (data,) in rows]


def _unpacked(signed: str) -> bytes:
    packed = signed.startswith(".")
    told = base64.urlsafe_b64decode(signed.lstrip(".").partition(":")[0] + "==")
    return (zlib.decompress(told) if packed else told).lower()


def table_of(found: Places) -> str:
    """Write what was found down, a place a line."""
    lines = [
        f"  {place:<58} {', '.join(f'{name} {count}' for name, count in sorted(names.items()))}"
        for place, names in sorted(found.items())
    ]
    return "\n".join(lines or ["  nothing"])
