"""What a thread weighs: the bytes of its rows, beside the JSON of its messages."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from psycopg import AsyncConnection
from psycopg.rows import DictRow

TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


async def bytes_of(connection: AsyncConnection[DictRow], thread: str) -> int:
    """The bytes of a thread's rows in all tables, as Postgres keeps them."""
    total = 0
    for table in TABLES:
        query = f"SELECT COALESCE(sum(pg_column_size(t.*)), 0) AS n FROM {table} t WHERE thread_id = %s"  # noqa: S608  # from the line above
        row = await (await connection.execute(query, (thread,))).fetchone()
        total += int(row["n"]) if row else 0
    return total


async def bytes_on_disk(connection: AsyncConnection[DictRow]) -> int:
    """The bytes of the tables, free space and indexes included."""
    total = 0
    for table in TABLES:
        row = await (
            await connection.execute("SELECT pg_total_relation_size(%s::regclass) AS n", (table,))
        ).fetchone()
        total += int(row["n"]) if row else 0
    return total


def json_bytes(messages: Sequence[BaseMessage | dict[str, Any]]) -> int:
    """The bytes of the messages as the server gives them out."""
    plain = [
        message if isinstance(message, dict) else message.model_dump(mode="json") for message in messages
    ]
    return len(json.dumps(plain).encode())
