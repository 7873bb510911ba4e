"""Measures a thread of 600 turns on an Agent Server: its bytes, its first tokens, its history in pages."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import psycopg
from langgraph_sdk.client import LangGraphClient
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from graphs.agent.nodes import call_model
from graphs.persistence.checkpointer import checkpointer
from graphs.persistence.pruning_queue import prune_next
from graphs.settings import read_settings
from tests.scripted_model import ScriptedModel
from tests.threads_at_length.conversation import ANSWER_WORDS, QUESTION_WORDS, ServersWay, Speaker, agent, ask
from tests.threads_at_length.weight import TABLES, bytes_of, bytes_on_disk, json_bytes

TURNS = 600
# The long thread and a young one are asked in turn, so that both have the same machine; the young one is a
# new one each time it comes to turn 11: its samples are of turns 2 to 11, about turn 6.
YOUNG_TURNS, YOUNG_THREADS = 10, 3
SAMPLES = YOUNG_TURNS * YOUNG_THREADS
# Each checkpoint comes with all of its messages: ten of them are some ten megabytes.
PAGE, PAGES = 10, 4


@dataclass
class Figures:
    """What was measured; times are milliseconds."""

    turns: int
    json_bytes: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    disk_before: int = 0
    disk_after: int = 0
    first_token_early: list[float] = field(default_factory=list)
    first_token_late: list[float] = field(default_factory=list)
    state: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    checkpoints: int = 0

    @property
    def slower(self) -> float:
        """How many times as long the first token takes in the end."""
        return statistics.median(self.first_token_late) / statistics.median(self.first_token_early)

    @property
    def is_good(self) -> bool:
        """Whether the thread keeps to what is promised of threads."""
        is_light = self.bytes_before < 6 * self.json_bytes and self.bytes_after < 2.5 * self.json_bytes
        return is_light and self.slower < 1.5


async def measure(
    client: LangGraphClient, uri: str, model: ScriptedModel, *, words: str, turns: int = TURNS
) -> Figures:
    """Fill a thread and measure it; the turns in the middle go past the server, into its database."""
    figures = Figures(turns)
    speaker = Speaker(seed=11)
    model.reply(words, speaker.words(ANSWER_WORDS), prompt_tokens=1000, completion_tokens=240)
    model.reply("summary", speaker.words(ANSWER_WORDS))
    thread = str((await client.threads.create())["thread_id"])
    question = f"{words} {speaker.words(QUESTION_WORDS)}"
    async with await AsyncConnection.connect(uri, autocommit=True, row_factory=dict_row) as connection:
        await fill(thread, uri, speaker, turns - SAMPLES - 1)
        await _first_token(client, thread, question)  # summarizes what was filled in
        await _in_turn(client, thread, question, figures)
        figures.bytes_before, figures.disk_before = await _bytes(connection, thread)
        await _prune(uri)
        figures.bytes_after, figures.disk_after = await _bytes(connection, thread)
    await _read(client, thread, figures)
    return figures


async def _in_turn(client: LangGraphClient, thread: str, question: str, figures: Figures) -> None:
    for _ in range(YOUNG_THREADS):
        young = str((await client.threads.create())["thread_id"])
        await _first_token(client, young, question)
        for _ in range(YOUNG_TURNS):
            figures.first_token_early.append(await _first_token(client, young, question))
            figures.first_token_late.append(await _first_token(client, thread, question))


async def _first_token(client: LangGraphClient, thread: str, question: str) -> float:
    """Milliseconds from the start of the run, when its wait in the queue is over, to its first words."""
    started, first = 0.0, 0.0
    said = {"messages": [{"role": "user", "content": question}]}
    async for part in client.runs.stream(thread, "agent", input=said, stream_mode="messages-tuple"):
        if part.event == "metadata":
            started = time.perf_counter()
        elif not first and part.event == "messages" and part.data[0]["content"]:
            first = time.perf_counter()
    assert first, "the model said nothing"
    return (first - started) * 1000


async def fill(thread: str, uri: str, speaker: Speaker, turns: int) -> None:
    """Take so many turns past the server, into its database."""
    with _database(uri), patch.object(call_model, "metered_model", lambda call: speaker):
        async with checkpointer() as saver:
            graph = agent(ServersWay(saver))
            for _ in range(turns):
                await ask(graph, thread, speaker.words(QUESTION_WORDS))


async def _prune(uri: str) -> None:
    with _database(uri):
        async with checkpointer() as saver:
            while await prune_next(saver._pool, age_seconds=0):
                pass


@contextmanager
def _database(uri: str) -> Iterator[None]:
    """Let this process use the server's database."""
    with patch.dict(os.environ, {"PG_CHECKPOINT_URI": uri}):
        read_settings.cache_clear()
        yield
    read_settings.cache_clear()


async def _bytes(connection: AsyncConnection[dict[str, Any]], thread: str) -> tuple[int, int]:
    for table in TABLES:
        await connection.execute(psycopg.sql.SQL("VACUUM FULL {}").format(psycopg.sql.Identifier(table)))
    return await bytes_of(connection, thread), await bytes_on_disk(connection)


async def _read(client: LangGraphClient, thread: str, figures: Figures) -> None:
    state: dict[str, Any] = {}

    async def whole() -> None:
        state.update(await client.threads.get_state(thread))

    for _ in range(5):
        figures.state.append(await _milliseconds(whole))
    figures.json_bytes = json_bytes(state["values"]["messages"])
    before: Any = None
    for _ in range(PAGES):
        began = time.perf_counter()
        page = await client.threads.get_history(thread, limit=PAGE, before=before)
        figures.pages.append((time.perf_counter() - began) * 1000)
        figures.checkpoints += len(page)
        before = page[-1]["checkpoint"]


async def _milliseconds(call: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000
