"""Conversations are steered as users expect, over the official SDK and over REST."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.end_to_end.hands import TokenMaker, new_account
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

ROOT = Path(__file__).resolve().parents[2]
LONG = "A long story, told slowly. " * 8
SLOW = {"latency": 100, "chunkSize": 4}


@pytest.mark.timeout(240)
def test_every_scenario_holds_on_this_agent_server(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    word = f"steering-{uuid.uuid4()}"
    quick, other, slow, failing = (f"{word} {kind}" for kind in ("quick", "other", "slow", "failing"))
    scripted_model.reply(quick, "Hello.")
    scripted_model.reply(other, "Goodbye.")
    scripted_model.reply(slow, LONG, **SLOW)
    scripted_model.script(
        {
            "match": {"userMessage": failing, "sequenceIndex": 0},
            "response": {"error": {"message": "scripted", "type": "scripted"}, "status": 500},
        },
        {"match": {"userMessage": failing, "sequenceIndex": 1}, "response": {"content": "Now it works."}},
    )
    account = new_account(stack)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.steering", "--url", stack.agent_server_url),
            *("--quick", quick, "--other", other, "--slow", slow, "--failing", failing),
        ],
        cwd=ROOT,
        env={**os.environ, "STEERING_TOKEN": TokenMaker(stack).token(account)},
        capture_output=True,
        text=True,
        check=False,
        timeout=220,
    )
    show_table(done.stdout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert ", 0 skipped, 0 failed" in done.stdout
