"""What is kept of a storm: all counts beside the page, and a line for each storm on it."""

import json
from collections import Counter
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.reckoning import reckon
from tests.chaos.report import Report
from tests.chaos.test_reckoning import BOOKS
from tests.chaos.users import Happenings
from tests.end_to_end.control_plane_line import Fate


def report(seed: int, *, forgotten: tuple[str, ...] = ()) -> Report:
    """A storm of which little is known."""
    return Report(
        plan=Plan.drawn(runs=10, seed=seed),
        happenings=Happenings(refusals=Counter({"503": 4, "409": 1}), hang_ups=2, begun=10),
        kills={"django": 2, "postgres": 1},
        webhooks={Fate.PASSED: 7, Fate.LOST: 3},
        sessions=4,
        forgotten=forgotten,
        raged=20.0,
        seconds=61.4,
        reckoning=reckon(BOOKS),
    )


def test_each_storm_that_is_kept_adds_a_line(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nSomething else.\n")

    report(11).write(page=page, samples=tmp_path / "raw")
    report(12).write(page=page, samples=tmp_path / "raw")

    lines = [line for line in page.read_text().splitlines() if line.startswith("| 20")]
    assert [line.split(" | ")[1:] for line in lines] == [
        ["11", "1", "61", "3", "2", "3", "5", "1", "1", "0", "0 |"],
        ["12", "1", "61", "3", "2", "3", "5", "1", "1", "0", "0 |"],
    ]
    assert "Something else." in page.read_text()
    assert [storm["seed"] for storm in json.loads((tmp_path / "raw" / "chaos.json").read_text())] == [11, 12]


def test_what_a_conversation_lacks_is_a_fault() -> None:
    assert report(1).faults == {}
    assert report(1, forgotten=("it",)).faults == {"forgotten": ("it",)}
    assert report(1, forgotten=("it",)).as_json()["faults"]["forgotten"] == 1
