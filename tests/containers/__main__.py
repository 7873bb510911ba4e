"""Runs the whole system in containers on a clean engine: `make test-containers`, as root on Debian.

Images that would be pulled get stand-ins made of packages, the Agent Server's among them (the same
langgraph_api on the in-memory runtime). Then `langgraph up` really runs, and what users do is done. What was
said and seen is kept in test-artifacts/containers.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.containers.engine import CommandFailed, Engine
from tests.containers.images import make_ours, make_stand_ins
from tests.containers.system import System
from tests.containers.visits import demo, documents, kept, page, restarts, round_trip
from tests.running_stack import ROOT

KEPT_FOLDER = ROOT / "test-artifacts" / "containers"


def main() -> int:
    """Build, start, use, restart and end the system; returns the exit code."""
    given = argparse.ArgumentParser(prog="make test-containers", description=__doc__)
    given.add_argument("--keep", action="store_true", help="leave the engine and the system running")
    wanted = given.parse_args()
    if os.geteuid() != 0:
        sys.stderr.write("make test-containers: an engine needs root\n")
        return 2
    shutil.rmtree(KEPT_FOLDER, ignore_errors=True)
    KEPT_FOLDER.mkdir(parents=True)
    folder = Path(tempfile.mkdtemp(prefix="threadplane-engine-"))
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {line}\n")
        sys.stdout.flush()

    engine = Engine.start(folder, log=KEPT_FOLDER / "commands.log")
    try:
        _run(engine, tell)
    except (CommandFailed, AssertionError, subprocess.TimeoutExpired) as error:
        tell(f"failed: {error}")
        return 1
    finally:
        if wanted.keep:
            tell(f"the engine listens on {engine.environment['DOCKER_HOST']}")
        else:
            engine.stop()
    tell("all passed")
    return 0


def _run(engine: Engine, tell: Callable[[str], None]) -> None:
    tell("engine is up")
    make_stand_ins(engine)
    tell("stand-ins are built")
    project = engine.folder / "project"
    subprocess.run(["git", "clone", "-q", ROOT, project], check=True)
    make_ours(engine, project)
    tell("images are built")
    system = System(engine, project)
    system.configure()
    system.up()
    try:
        tell(f"up: {system.health()}")
        tell(demo(system))
        tell(documents(system))
        tell(page(system, KEPT_FOLDER))
        before = kept(system)
        for line in restarts(system):
            tell(line)
        tell(round_trip(system, before))
        tell(demo(system))
    finally:
        system.keep_logs(KEPT_FOLDER)
        tell("logs are kept in test-artifacts/containers")
    system.down()
    tell("down")


if __name__ == "__main__":
    sys.exit(main())
