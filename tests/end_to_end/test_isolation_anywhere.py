"""The matrix that runs against any deployment finds no leak here, as its own command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import Api
from tests.end_to_end.hands import new_account
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

# Where the matrix has made something: nothing of it is left.
MADE_IN = ("sessions", "documents", "user-tools", "provider-keys")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(240)
def test_no_hand_gets_anywhere_on_any_system(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    scripted_model.reply("Say hello", "Hello.")
    scripted_model.reply("very long story", "Too late.", streamingProfile={"ttft": 60_000, "tps": 20})
    owner, other = (f"{new_account(stack)}@threadplane.local:{DEMO_PASSWORD}" for _ in range(2))

    done = subprocess.run(
        [sys.executable, "-m", "tests.isolation", "--quick", "--control-plane", stack.control_plane_url],
        cwd=ROOT,
        env={**os.environ, "ISOLATION_OWNER": owner, "ISOLATION_OTHER": other},
        capture_output=True,
        text=True,
        check=False,
        timeout=220,
    )

    show_table(done.stdout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "Agent Server: " in done.stdout
    assert "REST: " in done.stdout
    assert done.stdout.count(", 0 leaks") == 2
    email, _, password = owner.partition(":")
    api = Api.signed_in(stack.control_plane_url, email, password)
    left = {place: api.expect(200, "GET", f"{place}/")["results"] for place in MADE_IN}
    assert left == {place: [] for place in MADE_IN}
