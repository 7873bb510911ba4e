"""Builds a small and a large control plane, asks both the same in turn, and writes down the ratios."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.running_stack import RunningStack


def main() -> int:
    """Run it all on servers of its own; returns 1 when a question takes too much longer on the large one."""
    given = argparse.ArgumentParser(prog="make scale", description=__doc__)
    given.add_argument("--sessions", type=int, default=1_000_000)
    given.add_argument("--usage", type=int, default=10_000_000)
    given.add_argument("--rounds", type=int, default=10)
    given.add_argument("--chunk-users", type=int, default=1_000, help="with 1,000 chunks each")
    given.add_argument("--chunks-of-one", type=int, default=100_000, help="of one user more")
    given.add_argument("--only", choices=("rows", "chunks", "ingestion"))
    wanted = given.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="threadplane-scale-"))
    folder.chmod(0o755)  # the database's own user has to get through
    stack = RunningStack.start(folder / "data", only=("postgres", "valkey"))
    try:
        os.environ.update(stack.environment)
        # Loading a million rows takes longer than a request may.
        os.environ.update(DATABASE_STATEMENT_TIMEOUT_MS="0", LOG_LEVEL="ERROR", ALLOWED_HOSTS="testserver")
        os.environ["DJANGO_SETTINGS_MODULE"] = "controlplane.config.settings"
        return _measure(wanted)
    finally:
        stack.stop()
        shutil.rmtree(folder)


def _measure(wanted: argparse.Namespace) -> int:
    # Django reads its settings when it is first imported; they are there only now.
    from tests.scale.chunk_ingestion import compare_ingestion  # noqa: PLC0415  # as said
    from tests.scale.chunk_run import compare_chunks  # noqa: PLC0415  # as said
    from tests.scale.run import compare  # noqa: PLC0415  # as said

    started = time.monotonic()
    missed: list[str] = []
    if wanted.only in {None, "rows"}:
        missed += compare(sessions=wanted.sessions, usage=wanted.usage, rounds=wanted.rounds)
    if wanted.only in {None, "ingestion"}:
        missed += compare_ingestion()
    if wanted.only in {None, "chunks"}:
        missed += compare_chunks(users=wanted.chunk_users, heavy=wanted.chunks_of_one)
    sys.stdout.write(f"scale: {time.monotonic() - started:.0f} s; missed: {', '.join(missed) or 'nothing'}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
