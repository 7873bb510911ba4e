"""What a storm came to: printed, and kept with its seed where readers of the benchmarks look."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks_page import PAGE, SAMPLES, section_write
from tests.chaos.plan import Plan
from tests.chaos.reckoning import Reckoning
from tests.chaos.users import Happenings
from tests.end_to_end.control_plane_line import Fate

SAID = """`make chaos`: users talk over REST and the Python SDK, and hang up, while parts are killed
(`kill -9`) and webhooks are lost. A line is kept of each storm that was asked to leave one (`--write`);
every count is in [benchmarks/chaos.json](benchmarks/chaos.json). Faults are all that must be 0: requests
without a row, or with two, rows that tell another story, pending rows, reservations, open runs, sums that
differ, answers that are lost or said twice."""
COLUMNS = {
    "date": "date",
    "seed": "seed",
    "runs": "runs",
    "seconds": "seconds",
    "kills": "killed",
    "hang-ups": "hang-ups",
    "webhooks lost": "webhooks lost",
    "retried": "retried",
    "requests": "model requests",
    "rows": "ledger rows",
    "estimated": "estimated",
    "faults": "faults",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """The counts of one storm; `raged` seconds of its `seconds` parts were killed."""

    plan: Plan
    happenings: Happenings
    kills: Mapping[str, int]
    webhooks: Mapping[Fate, int]
    sessions: int
    forgotten: Sequence[str]
    raged: float
    seconds: float
    reckoning: Reckoning

    def as_json(self) -> dict[str, Any]:
        """Give all counts."""
        return {
            "seed": self.plan.seed,
            "turns": self.happenings.begun,
            "seconds": round(self.seconds),
            "seconds of kills": round(self.raged),
            "kills": dict(self.kills),
            "hang-ups": self.happenings.hang_ups,
            "cancelled": self.happenings.cancelled,
            "webhooks": {fate.value: count for fate, count in self.webhooks.items()},
            "retried": sum(self.happenings.refusals.values()),
            "refusals": dict(self.happenings.refusals.most_common()),
            "sessions that went on": self.sessions,
            **self.reckoning.figures,
            "faults": {name: len(found) for name, found in self.all_faults.items()},
        }

    @property
    def all_faults(self) -> dict[str, Sequence[str]]:
        """Give what must be empty, by name."""
        return {"forgotten": self.forgotten, **self.reckoning.by_kind}

    @property
    def faults(self) -> dict[str, Sequence[str]]:
        """Give what is not empty of it."""
        return {name: found for name, found in self.all_faults.items() if found}

    def table(self) -> str:
        """Lay the counts out, a line each."""
        lines = []
        for name, value in self.as_json().items():
            shown = ", ".join(f"{n} {v}" for n, v in value.items()) if isinstance(value, dict) else value
            lines.append(f"{name:<24}{shown}")
        return "\n".join(lines)

    def write(self, *, page: Path = PAGE, samples: Path = SAMPLES) -> None:
        """Add the counts to those of earlier storms, and draw the table of all of them anew."""
        raw = samples / "chaos.json"
        earlier: list[dict[str, Any]] = json.loads(raw.read_text()) if raw.exists() else []
        machine = f"{os.cpu_count()} cores, {platform.machine()}"
        storms = [*earlier, {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine, **self.as_json()}]
        samples.mkdir(exist_ok=True)
        raw.write_text(json.dumps(storms, indent=1) + "\n")
        lines = [f"| {' | '.join(COLUMNS.values())} |", "|" + "---|" * len(COLUMNS)]
        lines += [f"| {' | '.join(_cell(storm, name) for name in COLUMNS)} |" for storm in storms]
        section_write("chaos", f"## Parts killed at random\n\n{SAID}\n\n" + "\n".join(lines), page=page)


def _cell(storm: Mapping[str, Any], name: str) -> str:
    if name == "webhooks lost":
        return str(storm["webhooks"].get(Fate.LOST.value, 0))
    value = storm[name]
    return str(sum(value.values()) if isinstance(value, dict) else value)
