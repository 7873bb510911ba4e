"""Starts a real Postgres and a real Valkey before Django reads its settings, and ends them with the run."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.running_stack import FAST_CALLERS, RunningStack

GIVEN_FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the two servers unless both are given, and hand their addresses and secrets to the settings."""
    os.environ.update(FAST_CALLERS)
    if all(os.environ.get(name) for name in GIVEN_FROM_OUTSIDE):
        return
    folder = Path(tempfile.mkdtemp(prefix="threadplane-tests-"))
    folder.chmod(0o755)  # the database's own user has to get through
    stack = RunningStack.start(folder / "data", only=("postgres", "valkey"))

    def stop() -> None:
        stack.stop()
        shutil.rmtree(folder)

    early_config.add_cleanup(stop)
    os.environ.update(stack.environment)
