"""Tools over the whole stack: what a user decides holds in the next run, and every call is counted once."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.api import Api
from tests.scripted_model import ScriptedModel


@pytest.fixture
def chosen(api: Api) -> Iterator[dict[str, Any]]:
    """The calculator in the demo user's hands; given back afterwards."""
    tool = api.expect(201, "POST", "user-tools/", json={"tool_name": "calculator"})
    yield tool
    assert api.http.delete(f"user-tools/{tool['id']}/").status_code == 204


def tools_offered(scripted_model: ScriptedModel, words: str) -> list[set[str]]:
    return [
        {tool["function"]["name"] for tool in call["body"].get("tools", [])}
        for call in scripted_model.calls(words)
    ]


def test_calls_are_counted_and_a_tool_switched_off_is_not_offered(
    api: Api, scripted_model: ScriptedModel, chosen: dict[str, Any]
) -> None:
    used, unused = f"used-{uuid.uuid4()}", f"unused-{uuid.uuid4()}"
    scripted_model.call_tool(used, "calculator", {"expression": "6 * 7"}, then="It is 42.")
    scripted_model.reply(unused, "I cannot.")
    session = api.new_session()

    assert api.say(session, f"Compute {used}")["message"]["content"] == "It is 42."

    counted = api.expect(200, "GET", f"user-tools/{chosen['id']}/")
    assert counted["usage_count"] == chosen["usage_count"] + 1
    assert counted["last_used_at"] is not None
    results = [message for message in api.history(session) if message["role"] == "tool"]
    assert [(result["name"], result["content"]) for result in results] == [("calculator", "42")]
    assert all("calculator" in offered for offered in tools_offered(scripted_model, used))

    api.expect(200, "PATCH", f"user-tools/{chosen['id']}/", json={"is_enabled": False})

    api.say(session, f"Compute {unused}")
    [offered] = tools_offered(scripted_model, unused)
    assert "calculator" not in offered
    assert api.expect(200, "GET", f"user-tools/{chosen['id']}/")["usage_count"] == counted["usage_count"]
