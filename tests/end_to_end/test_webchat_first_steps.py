"""The web chat in a real browser: an account of one's own, chats in order, prompts, and what goes wrong."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.accounts import Account
from tests.end_to_end.browser_visits import NEEDS_BROWSER, WORDS, script_answers, travel
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

CHATS = 70
MOST_SCRIPT = 250_000
HOSTILE = (
    '<img src=x onerror="window.ran=1"> <svg onload="window.ran=2"></svg> <script>window.ran=3</script> '
    '<iframe srcdoc="<script>parent.ran=4</script>"></iframe> [a](javascript:window.ran=5) '
    '[b](data:text/html,<script>window.ran=6</script>) <a href="javascript:window.ran=7">c</a> '
    "![d](javascript:window.ran=8) $\\href{javascript:window.ran=9}{e}$ <style>*{display:none}</style> "
    '<form action="javascript:window.ran=10"><input autofocus onfocus="window.ran=11"></form>'
)

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module", autouse=True)
def _script(scripted_model: ScriptedModel) -> None:
    script_answers(scripted_model)


@pytest.fixture(scope="module")
def open_house(server_folder: Path, scripted_model: ScriptedModel) -> Iterator[RunningStack]:
    """A system of its own in which everybody may make an account, and which may be killed."""
    running = RunningStack.start(
        server_folder / "webchat-open",
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
        REGISTRATION="open",
    )
    yield running
    running.stop()


def test_a_newcomer_makes_an_account_chats_and_comes_back(open_house: RunningStack) -> None:
    seen = travel(
        open_house,
        "signUp",
        isNew=True,
        email=f"{uuid.uuid4().hex}@example.com",
        logs=str(open_house.ready_file.parent / "logs"),
    )
    assert "password" in seen["refusal"]
    assert (seen["violations"], seen["chats"]) == ([], 1)


def test_the_password_is_changed_and_codes_of_an_app_guard_the_account(stack: RunningStack) -> None:
    assert travel(stack, "security") == {"violations": [], "codes": 10}


def test_many_chats_are_scrolled_through_tagged_and_given_a_model_and_a_prompt(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    account = Account.new(stack)
    for number in range(CHATS):
        account.api.new_session(f"Chat {number:02}")
    account.api.expect(
        201, "POST", "prompts/", json={"name": "Tutor", "content": "You teach all about {{topic}}."}
    )
    greeting = f"many-chats-{uuid.uuid4()}"
    scripted_model.reply(greeting, "Nice to meet you.")
    seen = travel(stack, "many", email=f"{account.id}@threadplane.local", chats=CHATS, greeting=greeting)
    assert (seen["atFirst"], seen["all"], seen["violations"]) == (30, CHATS, [])
    assert seen["tags"] == ["travel", "<i>work</i>"]
    assert "tools" in seen["abilities"]
    assert seen["inUse"] == "You teach all about herons."
    (call,) = scripted_model.calls(greeting)
    assert "You teach all about herons." in str(call["body"]["messages"][0]["content"])


def test_what_failed_is_asked_again(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    failing = f"fails-once-{uuid.uuid4()}"
    error = {"error": {"message": "not this one", "type": "scripted"}, "status": 400}
    scripted_model.script(
        {"match": {"userMessage": failing, "sequenceIndex": 0}, "response": error},
        {"match": {"userMessage": failing, "sequenceIndex": 1}, "response": {"content": "Now I can."}},
    )
    seen = travel(stack, "retry", failing=failing)
    assert (seen["questions"], seen["troubles"]) == (1, 0)
    assert "Try again" in seen["told"]


def test_hostile_words_stay_words(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    word = f"hostile-{uuid.uuid4()}"
    query = {"query": f"aviary {HOSTILE}"}
    scripted_model.call_tool(word, "knowledge_search", query, then=f"It is known. {HOSTILE}")
    seen = travel(stack, "hostile", lookUp=word, hostile=HOSTILE)
    assert seen == {"ran": 0, "handlers": 0, "elements": 0, "links": [], "title": True}


def test_the_first_page_travels_light(stack: RunningStack) -> None:
    seen = travel(stack, "weight")
    show_table(
        f"the web chat's first page: {seen['scripts']} scripts, {seen['bytes'] / 1000:.0f} kB as they travel "
        f"(of {MOST_SCRIPT / 1000:.0f}), {seen['whole'] / 1000:.0f} kB unpacked"
    )
    assert seen["scripts"] > 0
    assert 10_000 < seen["bytes"] <= MOST_SCRIPT
    assert seen["bytes"] < seen["whole"] / 2


@pytest.mark.timeout(420)
def test_a_server_that_is_away_in_the_middle_of_an_answer_is_waited_for(
    open_house: RunningStack,
) -> None:
    seen = travel(open_house, "restart", email=DEMO_EMAIL, pid=open_house.pids()["agent-server"])
    assert (seen["first"], seen["second"]) == (WORDS, WORDS)
    assert (seen["questions"], seen["troubles"], seen["violations"]) == (2, 0, [])
    assert "Try again" in seen["told"]
