"""Backups as an operator makes them, of databases that are in use, and what a restored one is put to."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from controlplane.embedded.postgres_server import installed_programs
from tests.running_stack import ROOT, RunningStack

THREAD_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
SECONDS = 60


@dataclass(frozen=True)
class Backup:
    """The control plane's database as a dump, and the checkpoints of some threads as rows."""

    stack: RunningStack
    dump: Path
    checkpoints: Mapping[str, str]

    @classmethod
    def take(cls, stack: RunningStack, folder: Path, *, threads: list[str]) -> Self:
        """Dump while the system runs."""
        dump = folder / "threadplane.dump"
        _run("pg_dump", "--format=custom", f"--file={dump}", stack.environment["DATABASE_URL"])
        with psycopg.connect(stack.environment["PG_CHECKPOINT_URI"]) as connection:
            rows = {table: _rows_of(connection, table, threads) for table in THREAD_TABLES}
        return cls(stack, dump, rows)

    def restore(self, name: str) -> str:
        """Restore the dump under another name, put the checkpoints back, and return the address."""
        address = self.stack.environment["DATABASE_URL"]
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        restored = f"{address.rpartition('/')[0]}/{name}"
        _run("pg_restore", "--no-owner", f"--dbname={restored}", str(self.dump))
        with psycopg.connect(self.stack.environment["PG_CHECKPOINT_URI"]) as connection:
            for table, rows in self.checkpoints.items():
                query = sql.SQL("INSERT INTO {0} SELECT (jsonb_populate_recordset(NULL::{0}, %s)).*")
                connection.execute(query.format(sql.Identifier(table)), (rows,))
        return restored


def manage(stack: RunningStack, *command: str, database: str) -> str:
    """Run a command of manage.py on another database of the stack's, and return what it says."""
    environment = {
        **os.environ,
        **stack.environment,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "controlplane.config.settings",
        "DATABASE_URL": database,
        "LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-m", "django", *command],
        env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _rows_of(connection: "psycopg.Connection[Any]", table: str, threads: list[str]) -> str:
    query = sql.SQL("SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM {} t WHERE thread_id = ANY(%s)")
    row = connection.execute(query.format(sql.Identifier(table)), (threads,)).fetchone()
    assert row
    return json.dumps(row[0])


def _run(program: str, *arguments: str) -> None:
    command = [str(installed_programs() / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-3000:]
