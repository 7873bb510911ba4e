"""A long storm, by hand: `make chaos`. It talks to loopback alone and ends by itself."""

import argparse
import random
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.storm import Storm
from tests.chaos.system import ShakenSystem


def _tell(what: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {what}\n")
    sys.stdout.flush()


def main() -> int:
    """Let it rage, print the counts; returns 1 when the books do not close."""
    given = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    given.add_argument("--runs", type=int, default=1000)
    given.add_argument("--seed", type=int, default=None, help="that of the storm to be had again")
    given.add_argument("--minutes", type=float, default=45, help="no turn is begun after this")
    given.add_argument("--write", action="store_true", help="keep the counts in docs/benchmarks")
    given.add_argument("--keep", action="store_true", help="keep logs and data, and say where")
    wanted = given.parse_args()
    seed = random.SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed
    sys.stdout.write(f"chaos: seed {seed}\n")
    folder = Path(tempfile.mkdtemp(prefix="threadplane-chaos-"))
    folder.chmod(0o755)  # the database's own user has to get through
    try:
        with ShakenSystem.running(folder, seed=seed) as system:
            plan = Plan.drawn(runs=wanted.runs, seed=seed)
            report = Storm(plan, system, _tell).rage(minutes=wanted.minutes)
    finally:
        if wanted.keep:
            sys.stdout.write(f"chaos: logs and data are in {folder}\n")
        else:
            shutil.rmtree(folder)
    sys.stdout.write(f"{report.table()}\n")
    if wanted.write:
        report.write()
    for name, found in report.faults.items():
        sys.stdout.write(f"{name}: {found[:10]}\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
