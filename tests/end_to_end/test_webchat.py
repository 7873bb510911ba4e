"""The web chat in a real browser against the whole system."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.asked_users import calculator_asks
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

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not BROWSER.exists(), reason="needs Debian's chromium"),
]


@pytest.fixture(scope="module", autouse=True)
def _script(scripted_model: ScriptedModel) -> None:
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


def test_a_conversation_is_answered_edited_and_rated(stack: RunningStack) -> None:
    seen = travel(stack, "conversation")
    assert seen["inert"] == {"pictures": 0, "links": ["https://good.example/"]}
    assert seen["violations"] == []


def test_a_page_loaded_anew_in_the_middle_of_an_answer_goes_on(stack: RunningStack) -> None:
    assert travel(stack, "reload") == {"wasPartial": True, "text": WORDS}


def test_an_answer_is_stopped(stack: RunningStack) -> None:
    assert travel(stack, "stop") == {"troubles": 0}


def test_a_tool_asks_for_leave_and_runs_with_what_was_edited(stack: RunningStack) -> None:
    with calculator_asks(stack):
        assert travel(stack, "approval") == {"violations": [], "result": "48", "left": 0}


def test_chats_are_renamed_pinned_searched_archived_and_restored(stack: RunningStack) -> None:
    assert travel(stack, "list") == {"title": "<b>Holidays</b>"}


def test_who_signed_out_has_to_sign_in(stack: RunningStack) -> None:
    assert travel(stack, "signOut") == {"refusal": "E-mail or password is wrong.", "violations": []}


def test_pages_are_readable_at_both_widths_and_in_both_lights(stack: RunningStack) -> None:
    assert travel(stack, "pictures") == {"violations": [], "overflow": 0}
