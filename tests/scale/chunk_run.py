"""Compares searches of the same user among ten users' chunks and among a thousand's, in one run."""

import sys
import time
from dataclasses import dataclass, field
from typing import Final

import django
import numpy as np
import psycopg
from django.conf import settings
from django.core.management import call_command

django.setup()

from tests.scale.chunk_index import Graph, graph_measure  # noqa: E402  # models can be imported from here on
from tests.scale.chunk_questions import (  # noqa: E402  # as above
    FILTERS,
    among,
    documents_make,
    recall,
    taken,
)
from tests.scale.chunk_report import write_report  # noqa: E402  # as above
from tests.scale.many_chunks import Owner, embedded, fill, sentences  # noqa: E402  # as above

FEW: Final = 10
CHUNKS_OF_EACH: Final = 1_000
QUESTIONS: Final = 100
SENTENCES: Final = 2_200
ROUNDS: Final = 2
MOST_RATIO: Final = 1.5
LEAST_RECALL: Final = 0.99
ORDINARY: Final = 4
HEAVY: Final = 0


@dataclass(kw_only=True)
class Found:
    """What the run measured: samples by question and place in milliseconds, recall by owner and filter."""

    samples: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    heavy: dict[str, list[float]] = field(default_factory=dict)
    recall: dict[str, dict[str, float]] = field(default_factory=dict)
    graph: Graph | None = None

    @property
    def faults(self) -> list[str]:
        """Name what misses its figure."""
        slow = [name for name, (few, many) in self.samples.items() if p95(many) > MOST_RATIO * p95(few)]
        return slow + [
            f"recall: {who}, {name}"
            for who, shares in self.recall.items()
            for name, share in shares.items()
            if share < LEAST_RECALL
        ]


def p95(samples: list[float]) -> float:
    """Give what nineteen of twenty do not exceed."""
    return float(np.percentile(samples, 95))


def compare_chunks(*, users: int, heavy: int) -> list[str]:
    """Fill, ask, report; returns what misses its figure."""
    call_command("migrate", verbosity=0)
    everything = embedded(SENTENCES)
    base, asked = everything[:-QUESTIONS], everything[-QUESTIONS:]
    owners = [Owner(number=number, chunks=CHUNKS_OF_EACH) for number in range(1, users + 1)]
    ordinary, large = owners[ORDINARY], Owner(number=HEAVY, chunks=heavy)
    places = {"few": owners[:FEW], "many": [*owners, large]}
    addresses = {}
    for name, filled in places.items():
        began = time.monotonic()
        addresses[name] = _database(f"chunks_{name}")
        with psycopg.connect(addresses[name], autocommit=True) as connection:
            fill(connection, filled, base=base)
        _say(f"{sum(one.chunks for one in filled):,} chunks filled in {time.monotonic() - began:.0f} s")
    for owner in (ordinary, large):
        documents_make(owner)
    found = Found()
    _time(found, ordinary, large, addresses, asked)
    with among(addresses["many"]):
        for who, owner in (("1,000 chunks", ordinary), (f"{heavy:,} chunks", large)):
            found.recall[who] = recall(owner, vectors=asked[:25], base=base)
    # Last: with this index there, the searches above might use it.
    found.graph = graph_measure(addresses["many"], large, asked=asked[:50], base=base)
    write_report(found, users=users, heavy=heavy)
    return found.faults


def _time(found: Found, ordinary: Owner, large: Owner, addresses: dict[str, str], asked: np.ndarray) -> None:
    texts = sentences(SENTENCES)[-QUESTIONS:]
    for name, filters in FILTERS.items():
        few: list[float] = []
        many: list[float] = []
        in_turn = [("few", few), ("many", many)]
        # In turn, so that what else the machine does falls on both alike; the first round warms.
        for round_number in range(ROUNDS + 1):
            for text, vector in zip(texts, asked, strict=True):
                # Whoever is asked second finds the processor's caches warm.
                in_turn.reverse()
                for place, samples in in_turn:
                    with among(addresses[place]):
                        ms = taken(ordinary, text=text, vector=vector, filters=filters)
                    if round_number:
                        samples.append(ms)
        found.samples[name] = few, many
        with among(addresses["many"]):
            found.heavy[name] = [
                taken(large, text=text, vector=vector, filters=filters)
                for text, vector in list(zip(texts, asked, strict=True))[:25]
            ]
        _say(f"{name}: p95 {p95(few):.1f} and {p95(many):.1f} ms; large {p95(found.heavy[name]):.0f} ms")


def _database(name: str) -> str:
    address = settings.PGVECTOR_CONNECTION_STRING.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        # Its own owner may not add the extension; of the others, this one is empty and has it.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE langgraph')
    return f"{address.rpartition('/')[0]}/{name}"


def _say(text: str) -> None:
    sys.stdout.write(f"scale: {text}\n")
    sys.stdout.flush()
