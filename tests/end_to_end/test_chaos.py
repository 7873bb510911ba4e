"""A short one of the storms that `make chaos` raises: each part is killed once, then the books close."""

import random
from pathlib import Path

import pytest

from tests.chaos.plan import PARTS, Plan
from tests.chaos.storm import Storm
from tests.chaos.system import ShakenSystem
from tests.shown_tables import show_table

RUNS = 40


@pytest.mark.timeout(420)
def test_whatever_is_killed_the_ledger_equals_the_models_own_journal(server_folder: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)

    with ShakenSystem.running(server_folder / "chaos", seed=seed) as system:
        report = Storm(Plan.drawn(runs=RUNS, seed=seed), system).rage(minutes=4)

    show_table(report.table())
    assert report.faults == {}
    assert report.happenings.begun == RUNS
    assert sum(report.kills.values()) == len(PARTS)
    assert report.reckoning.figures["runs"] >= RUNS
    # Some turns fail before they call the model.
    assert report.reckoning.figures["requests"] >= RUNS // 2
