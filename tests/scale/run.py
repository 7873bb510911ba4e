"""Asks the small and the large database in turn, so that what else the machine does falls on both alike."""

import statistics
import sys
import time

import django
from django.core.management import call_command
from django.db import connection

django.setup()

from tests.scale.filling import fill  # noqa: E402  # models can be imported from here on
from tests.scale.questions import Question, questions  # noqa: E402  # as above
from tests.scale.report import Result, write_report  # noqa: E402  # as above

SMALL, LARGE = "threadplane", "vectors"
SMALL_SESSIONS, SMALL_USAGE = 10_000, 100_000
USERS_PER_SESSIONS = 100
ASKED_PER_ROUND = 4
MOST = 1.5
# Adds up every user's days, of which a larger database has more: shown, not held to the ratio.
OF_EVERYBODY = frozenset({"admin: everybody's year"})


def compare(*, sessions: int, usage: int, rounds: int) -> list[str]:
    """Fill, ask, report; returns the questions that take more than 1.5 times as long on the large one.

    Those of everybody are left out: what they add up is larger.
    """
    for name, rows, calls in ((SMALL, SMALL_SESSIONS, SMALL_USAGE), (LARGE, sessions, usage)):
        began = time.monotonic()
        _connect(name)
        call_command("migrate", verbosity=0)
        fill(users=max(100, rows // USERS_PER_SESSIONS), sessions=rows, usage=calls)
        sys.stdout.write(f"scale: {rows:,} sessions filled in {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    samples: dict[str, dict[str, list[float]]] = {SMALL: {}, LARGE: {}}
    for _ in range(rounds):
        for name in (SMALL, LARGE):
            _connect(name)
            for question, ask in questions().items():
                samples[name].setdefault(question, []).extend(_ask(ask))
    results = [
        Result(
            question=question,
            small=statistics.median(samples[SMALL][question]),
            large=statistics.median(samples[LARGE][question]),
            samples=(samples[SMALL][question], samples[LARGE][question]),
        )
        for question in samples[SMALL]
    ]
    write_report(results, sizes=((SMALL_SESSIONS, SMALL_USAGE), (sessions, usage)))
    held = (result for result in results if result.question not in OF_EVERYBODY)
    return [result.question for result in held if result.ratio > MOST]


def _ask(ask: Question) -> list[float]:
    ask()  # warms what the first one has to load
    taken = []
    for _ in range(ASKED_PER_ROUND):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _connect(name: str) -> None:
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name
