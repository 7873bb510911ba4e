"""Tables are set up once, and a missing database is named."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import psycopg_pool
import pytest

from graphs.persistence.checkpointer import checkpointer
from graphs.persistence.pool import open_pool
from graphs.persistence.store import store
from tests.graphs.conftest import Configure
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[3]
SET_UP = """
import asyncio
from graphs.persistence.checkpointer import checkpointer
from graphs.persistence.store import store

async def main():
    async with checkpointer(), store() as opened:
        await opened.aput(("users", "x"), "k", {"v": 1})
        assert [item.key for item in await opened.asearch(("users", "x"))] == ["k"]

asyncio.run(main())
"""


async def test_processes_that_start_together_set_up_once(make_database: Callable[[], str]):
    address = make_database()
    starts = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SET_UP,
            cwd=ROOT,
            env={"PG_CHECKPOINT_URI": address},
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]

    ends = [await process.communicate() for process in starts]

    assert [process.returncode for process in starts] == [0, 0, 0], ends
    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert {"checkpoints", "checkpoint_blobs", "checkpoint_writes", "store"} <= {name for (name,) in tables}


async def test_the_smallest_pool_can_set_up(configure: Configure, make_database: Callable[[], str]):
    configure(PG_CHECKPOINT_URI=make_database(), PG_CHECKPOINT_POOL_SIZE="2")
    async with store() as opened, checkpointer():
        await opened.aput(("users", "x"), "k", {"v": 1})
        assert [item.key for item in await opened.asearch(("users", "x"))] == ["k"]


async def test_items_outlive_the_process(configure: Configure, make_database: Callable[[], str]):
    configure(PG_CHECKPOINT_URI=make_database())
    async with store() as opened:
        await opened.aput(("usage", "run"), "attempt", {"input_tokens": 1}, index=False)

    async with store() as opened:
        [item] = await opened.asearch(("usage", "run"))

    assert (item.key, item.value) == ("attempt", {"input_tokens": 1})


async def test_a_missing_address_is_named(configure: Configure):
    configure()

    with pytest.raises(RuntimeError, match="PG_CHECKPOINT_URI is not set"):
        async with open_pool("checkpoints"):
            pass


async def test_a_dead_database_stops_the_start(configure: Configure, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graphs.persistence.pool.CONNECT_SECONDS", 0.5)
    configure(PG_CHECKPOINT_URI=f"postgresql://nobody@127.0.0.1:{free_ports(1)[0]}/none")

    with pytest.raises(psycopg_pool.PoolTimeout):
        async with open_pool("checkpoints"):
            pass
