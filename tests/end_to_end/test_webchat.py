"""The web chat in a real browser against the whole system."""

import asyncio
import uuid

import psycopg
import pytest

from tests.end_to_end.accounts import Account
from tests.end_to_end.asked_users import calculator_asks
from tests.end_to_end.browser_visits import NEEDS_BROWSER, WORDS, script_answers, travel
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table
from tests.threads_at_length.conversation import Speaker
from tests.threads_at_length.measure import fill

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module", autouse=True)
def _script(scripted_model: ScriptedModel) -> None:
    script_answers(scripted_model)


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


def test_documents_are_brought_searched_switched_off_and_deleted(stack: RunningStack) -> None:
    seen = travel(stack, "documents")
    assert seen == {"violations": [], "overflow": 0, "inert": 0, "isOn": False, "left": 1}


def test_a_file_in_a_chat_is_cited_and_its_passage_opens(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    word = f"aviary-{uuid.uuid4()}"
    scripted_model.call_tool(word, "knowledge_search", {"query": "aviary password"}, then="It is known.")
    assert travel(stack, "citation", lookUp=f"Please {word}") == {"draft": "a draft", "violations": []}


def test_usage_is_shown_in_sums_and_calls_and_taken_along(stack: RunningStack) -> None:
    seen = travel(stack, "usage")
    assert (seen["violations"], seen["overflow"], seen["limits"]) == ([], 0, 0)
    assert len(seen["csv"]) >= 2
    assert set(seen["csv"]) == {12}


def test_settings_are_gone_through_until_the_account_is_deleted(stack: RunningStack) -> None:
    seen = travel(stack, "settings", key=f"sk-{uuid.uuid4().hex}")
    assert (seen["violations"], seen["overflow"]) == ([], 0)
    assert (seen["isKeyShown"], seen["limit"], seen["secret"], seen["export"]) == (False, "1000", True, True)


def test_signing_out_everywhere_ends_the_other_browser(stack: RunningStack) -> None:
    assert travel(stack, "everywhere") == {"complaints": [], "before": 1, "after": 0}


def test_two_tabs_hear_the_same_answer(stack: RunningStack) -> None:
    assert travel(stack, "tabs") == {"heard": 1, "dots": 1, "isSame": True, "isWhole": False}


def test_a_limit_that_is_used_up_is_told(stack: RunningStack) -> None:
    account = Account.new(stack)
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        changed = connection.execute(
            "UPDATE preferences_userpreference SET daily_message_limit = 1 WHERE user_id = %s", [account.id]
        )
        assert changed.rowcount == 1
    seen = travel(stack, "limit", email=f"{account.id}@threadplane.local")
    assert seen["told"].startswith("Your limit is used up (daily messages). It resets ")
    assert (seen["kept"], seen["left"], seen["violations"]) == (1, "0", [])


def test_messages_wait_chats_tell_of_new_answers_and_are_taken_along(stack: RunningStack) -> None:
    seen = travel(stack, "queue")
    assert seen == {"violations": [], "inLine": 1, "questions": 2, "markdown": True, "json": 4}


@pytest.mark.timeout(420)
def test_a_thousand_messages_open_as_soon_as_fifty(stack: RunningStack) -> None:
    account, speaker = Account.new(stack), Speaker(seed=5)
    sessions = {name: account.api.new_session(name) for name in ("short", "long")}
    asyncio.run(filled(stack, sessions, speaker))
    last = {name: account.api.history(session)[-1]["content"][-60:] for name, session in sessions.items()}
    first = account.api.expect(200, "GET", f"sessions/{sessions['long']}/history/?before=2&limit=2")
    seen = travel(
        stack,
        "long",
        email=f"{account.id}@threadplane.local",
        rounds=8,
        **sessions,
        shortLast=last["short"],
        longLast=last["long"],
        longFirst=first["messages"][0]["content"][:60],
    )
    # The best of each: what else the machine does meanwhile only adds.
    short, long = (min(seen["times"][name]) for name in ("short", "long"))
    show_table(
        f"a chat of 50 messages opens in {short:.0f} ms, one of 1,000 in {long:.0f} ms: "
        f"{long / short:.2f} times; {seen['blank']['empty']} of {seen['blank']['frames']} frames blank while "
        f"scrolling to its start; the slowest key while an answer comes: {seen['slowest']:.0f} ms"
    )
    assert long < 1.5 * short
    assert (seen["blank"]["empty"], seen["blank"]["isAtStart"]) == (0, True)
    assert seen["typed"] == "typing while words arrive"


async def filled(stack: RunningStack, sessions: dict[str, str], speaker: Speaker) -> None:
    for name, turns in (("short", 25), ("long", 500)):
        await fill(sessions[name], stack.environment["PG_CHECKPOINT_URI"], speaker, turns)
