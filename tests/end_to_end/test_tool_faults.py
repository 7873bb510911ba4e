"""Tools that fail, hang or are asked for wrongly: the model is told, and the turn ends."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.end_to_end.api import Api, eventually
from tests.little_web import HOUSE_KEY, LittleWeb
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

# As the shared stack is set up.
CALL_SECONDS = 8
MOST_ROUNDS = 8
MOST_PER_ROUND = 16
Call = dict[str, Any]


@pytest.fixture
def word() -> str:
    return f"word-{uuid.uuid4()}"


@pytest.fixture
def chosen(api: Api) -> Iterator[dict[str, dict[str, Any]]]:
    """The tools of the web in the demo user's hands; given back afterwards."""
    tools = {
        name: api.expect(201, "POST", "user-tools/", json={"tool_name": name})
        for name in ("fetch_page", "web_search")
    }
    yield tools
    for tool in tools.values():
        assert api.http.delete(f"user-tools/{tool['id']}/").status_code == 204


def call(name: str, arguments: Any, call_id: str) -> Call:
    return {"id": call_id, "name": name, "arguments": arguments}


def asks(*calls: Call) -> dict[str, Any]:
    return {"toolCalls": list(calls)}


def script_rounds(model: ScriptedModel, word: str, *answers: dict[str, Any]) -> None:
    """Answer `word` with the first, and the results of each answer's last call with the next."""
    match: dict[str, Any] = {"userMessage": word, "hasToolResult": False}
    for answer in answers:
        model.script({"match": match, "response": answer})
        if calls := answer.get("toolCalls"):
            match = {"userMessage": word, "toolCallId": calls[-1]["id"]}


def calls_of(stack: RunningStack, session: str) -> list[tuple[str, str]]:
    """What the control plane noted of a session's tool calls; none of them may be open."""
    query = "select tool_name, outcome, ended_at from tools_toolcall where session_id = %s"
    with psycopg.connect(stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
        rows = connection.execute(query, (session,)).fetchall()
    assert all(row["ended_at"] is not None for row in rows)
    return sorted((row["tool_name"], row["outcome"]) for row in rows)


def results(api: Api, session: str) -> list[tuple[str, str]]:
    """Name and text of the tools' results, in the order of the history."""
    return [(one["name"], one["content"]) for one in api.history(session) if one["role"] == "tool"]


def require_pairs(api: Api, session: str) -> None:
    """Each result that a user sees belongs to a call that they see, and each call has one."""
    history = api.history(session)
    calls = [one["id"] for message in history for one in message.get("tool_calls") or []]
    assert sorted(calls) == sorted(one["tool_call_id"] for one in history if one["role"] == "tool")


def statuses(stack: RunningStack, session: str) -> list[str]:
    """How a session's runs stand once all are over."""
    query = "select status from runs_run where session_id = %s"
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:

        def look() -> list[str]:
            return [status for (status,) in connection.execute(query, (session,)).fetchall()]

        connection.autocommit = True
        return eventually(look, lambda seen: not {"provisional", "pending", "running"} & set(seen), within=30)


def sent_pairs(model: ScriptedModel, word: str) -> list[tuple[set[str], set[str]]]:
    """Of each request: the ids of the calls that the model is sent again, and of their results."""
    pairs = []
    for entry in model.calls(word):
        messages = entry["body"]["messages"]
        calls = {one["id"] for message in messages for one in message.get("tool_calls") or []}
        pairs.append((calls, {message["tool_call_id"] for message in messages if message["role"] == "tool"}))
    return pairs


def test_search_and_reading_follow_each_other(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, web: LittleWeb, chosen: Any, word: str
) -> None:
    page = b"<title>Owls</title><nav>Menu</nav><h1>Owls</h1><p>They are <b>awake</b>.</p>"
    address = web.put(f"/{word}", page)
    web.results.append({"title": "Owls", "url": address, "content": "All about owls."})
    script_rounds(
        scripted_model,
        word,
        asks(call("web_search", {"question": f"owls {word}"}, "s1")),
        asks(call("fetch_page", {"address": address}, "f1"), call("calculator", {"expression": "6*7"}, "c1")),
        {"content": "They are awake."},
    )
    session = api.new_session()

    assert api.say(session, f"Look up {word}")["message"]["content"] == "They are awake."

    assert dict(results(api, session)) == {
        "web_search": f"1. Owls\n{address}\nAll about owls.",
        "fetch_page": f"# Owls\nPage at {address}\n\n# Owls\n\nThey are **awake**.",
        "calculator": "42",
    }
    assert calls_of(stack, session) == [
        ("calculator", "finished"),
        ("fetch_page", "finished"),
        ("web_search", "finished"),
    ]
    [asked] = [one for one in web.asked_for("/search") if word in json.loads(one.body)["query"]]
    assert asked.headers["Authorization"] == f"Bearer {HOUSE_KEY}"
    for name, tool in chosen.items():
        seen = api.expect(200, "GET", f"user-tools/{tool['id']}/")
        assert seen["usage_count"] == tool["usage_count"] + 1, name
        assert HOUSE_KEY not in json.dumps(seen)


def test_failing_and_hanging_tools_cost_the_others_of_their_round_nothing(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, web: LittleWeb, chosen: Any, word: str
) -> None:
    hanging, broken = web.hang(f"/hang-{word}"), web.put(f"/broken-{word}", status=500)
    script_rounds(
        scripted_model,
        word,
        asks(
            call("fetch_page", {"address": hanging}, "f1"),
            call("fetch_page", {"address": broken}, "f2"),
            call("calculator", {"expression": "1/0"}, "c1"),
            call("calculator", {"expression": "6*7"}, "c2"),
        ),
        {"content": "Two of them failed."},
    )
    session = api.new_session()

    answer = api.say(session, f"Try {word}")

    assert answer["message"]["content"] == "Two of them failed."
    assert sorted(results(api, session)) == [
        ("calculator", "42"),
        ("calculator", "Cannot calculate: division by zero"),
        ("fetch_page", "The page's server refused (status 500)."),
        ("fetch_page", "This tool took too long and was stopped."),
    ]
    assert calls_of(stack, session) == [
        ("calculator", "failed"),
        ("calculator", "finished"),
        ("fetch_page", "failed"),
        ("fetch_page", "failed"),
    ]
    assert statuses(stack, session) == ["success"]
    require_pairs(api, session)


def test_model_that_loops_is_stopped_with_an_answer(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, word: str
) -> None:
    pair = [call("calculator", {"expression": "1+1"}, f"c{place}") for place in (1, 2)]
    scripted_model.script({"match": {"userMessage": word}, "response": asks(*pair)})
    session = api.new_session()

    answer = api.say(session, f"Go round {word}")

    assert answer["message"]["content"].startswith("I stopped here")
    told = results(api, session)
    assert told.count(("calculator", "2")) == 2 * MOST_ROUNDS
    spent = ("calculator", "Not run: this turn has used up its rounds of tool calls.")
    assert told[-2:] == [spent] * 2
    assert len(told) == 2 * MOST_ROUNDS + 2
    assert calls_of(stack, session) == [("calculator", "finished")] * 2 * MOST_ROUNDS
    assert statuses(stack, session) == ["success"]
    require_pairs(api, session)

    scripted_model.reply(f"next {word[5:]}", "I am here again.")
    assert api.say(session, f"next {word[5:]}")["message"]["content"] == "I am here again."


def test_calls_beyond_the_bound_of_a_round_are_answered_and_not_run(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, word: str
) -> None:
    many = [call("calculator", {"expression": f"{n}+0"}, f"c{n}") for n in range(MOST_PER_ROUND + 3)]
    script_rounds(scripted_model, word, asks(*many), {"content": "Done with most."})
    session = api.new_session()

    assert api.say(session, f"All at once {word}")["message"]["content"] == "Done with most."

    told = results(api, session)
    assert sorted(int(text) for _, text in told if text.isdigit()) == list(range(MOST_PER_ROUND))
    assert len([text for _, text in told if text.startswith("Not run: these are too many")]) == 3
    assert calls_of(stack, session) == [("calculator", "finished")] * MOST_PER_ROUND
    assert all(calls == answered for calls, answered in sent_pairs(scripted_model, word))


def test_malformed_arguments_and_unknown_tools_are_the_model_s_to_mend(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, word: str
) -> None:
    script_rounds(
        scripted_model,
        word,
        asks(
            call("no_such_tool", {"a": 1}, "u1"),
            call("calculator", {"expression": 12}, "t1"),
            call("calculator", {"wrong": "name"}, "t2"),
            call("calculator", '"6*7"', "m1"),
        ),
        asks(call("calculator", "[1, 2]", "m2")),
        {**asks(call("calculator", {"expression": "6*"}, "m3")), "finishReason": "length"},
        asks(call("calculator", {"expression": "6*7"}, "c1")),
        {"content": "It is 42."},
    )
    session = api.new_session()

    assert api.say(session, f"Mistake {word}")["message"]["content"] == "It is 42."

    told = results(api, session)
    malformed = "Not run: the arguments are not a JSON object. Call it again with a whole JSON object."
    assert told.count(("calculator", malformed)) == 3
    assert told[-1] == ("calculator", "42")
    assert ("no_such_tool", True) in [(name, "is not a valid tool" in text) for name, text in told]
    assert sum("Error invoking tool 'calculator'" in text for _, text in told) == 2
    assert calls_of(stack, session) == [
        ("calculator", "failed"),
        ("calculator", "failed"),
        ("calculator", "finished"),
    ]
    assert all(calls == answered for calls, answered in sent_pairs(scripted_model, word))
    assert statuses(stack, session) == ["success"]
    require_pairs(api, session)


def limit(stack: RunningStack, tool_id: str, uses: int | None) -> None:
    """Limit a user's tool, with nothing used so far; None takes the limit away."""
    query = """update tools_usertool set rate_limit = %s, window_count = 0, previous_window_count = 0
               where id = %s"""
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(query, (uses, tool_id))


def test_call_beyond_the_user_s_limit_is_told_noted_and_not_counted(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel, web: LittleWeb, chosen: Any, word: str
) -> None:
    tool, address = chosen["fetch_page"], web.put(f"/{word}", b"<p>Read.</p>")
    calls = [call("fetch_page", {"address": address}, f"f{place}") for place in (1, 2)]
    script_rounds(scripted_model, word, asks(*calls), {"content": "One was refused."})
    session = api.new_session()
    limit(stack, tool["id"], 1)
    try:
        assert api.say(session, f"Twice {word}")["message"]["content"] == "One was refused."
    finally:
        limit(stack, tool["id"], None)

    assert sorted(text for _, text in results(api, session)) == [
        "Fetch page may be used 1 times per hour.",
        f"Page at {address}\n\nRead.",
    ]
    assert calls_of(stack, session) == [("fetch_page", "finished"), ("fetch_page", "refused")]
    assert len(web.asked_for(f"/{word}")) == 1
    counted = api.expect(200, "GET", f"user-tools/{tool['id']}/")["usage_count"]
    assert counted == tool["usage_count"] + 1
