"""A short storm: each part is killed once while users talk; then the books close and all of them go on."""

import random
import sys
from pathlib import Path

import pytest

from tests.chaos.plan import PARTS, Plan
from tests.chaos.storm import Storm
from tests.chaos.system import ShakenSystem

RUNS = 40


@pytest.mark.timeout(420)
def test_whatever_is_killed_the_ledger_equals_the_models_own_journal(
    server_folder: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    with ShakenSystem.running(server_folder / "chaos", seed=seed) as system:
        report = Storm(Plan.drawn(runs=RUNS, seed=seed), system).rage(minutes=4)

    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\n{report.table()}\n")
    assert report.faults == {}
    assert report.happenings.begun == RUNS
    assert sum(report.kills.values()) == len(PARTS)
    assert report.reckoning.figures["runs"] >= RUNS
    # Some turns fail before they call the model.
    assert report.reckoning.figures["requests"] >= RUNS // 2
