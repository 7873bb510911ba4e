"""Visits of the web chat in a real browser, and the words that the scripted model answers there."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.hands import new_account
from tests.running_stack import ROOT, RunningStack
from tests.scripted_model import NODE, ScriptedModel

BROWSER = Path("/usr/bin/chromium")
PICTURES = ROOT / "test-artifacts" / "webchat"
WORDS = " ".join(f"word{number}" for number in range(60))
GREETING = "chat-page-greeting"
CALCULATION = "chat-page-calculation"
STORY = "chat-page-story"
ANSWER = (
    "Hello, **Nice** to meet you.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint('hi')\n```\n\n"
    "$a^2+b^2$ "
    "<img src=x onerror=alert(1)> ![there](https://elsewhere.example/x.png) "
    "[bad](javascript:alert(1)) [good](https://good.example/)"
)

NEEDS_BROWSER = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not BROWSER.exists(), reason="needs Debian's chromium"),
]


def script_answers(scripted_model: ScriptedModel) -> None:
    """Script what journeys say."""
    if STORY in scripted_model.words:
        return
    scripted_model.reply(GREETING, ANSWER)
    scripted_model.call_tool(CALCULATION, "calculator", {"expression": "6 * 7"}, then="It is 42.")
    scripted_model.reply(STORY, WORDS, latency=60, chunkSize=8)


def travel(stack: RunningStack, journey: str, **more: Any) -> dict[str, Any]:
    """Let a new user make a journey and return what was seen, when nothing was complained of."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    given = {
        "url": stack.control_plane_url,
        "journey": journey,
        "email": f"{new_account(stack)}@threadplane.local",
        "password": DEMO_PASSWORD,
        "greeting": f"{GREETING} {uuid.uuid4().hex[:6]}",
        "calculation": CALCULATION,
        "story": STORY,
        "model": stack.environment["DEFAULT_MODEL"],
        "fact": f"heron-{uuid.uuid4()}",
        "folder": str(PICTURES),
        **more,
    }
    done = subprocess.run(
        [NODE, ROOT / "tests" / "browser" / "journeys.js", json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "NO_PROXY": "*"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["complaints"] == []
    assert set(told["origins"]) <= {stack.control_plane_url, stack.agent_server_url}
    seen: dict[str, Any] = told["seen"]
    return seen
