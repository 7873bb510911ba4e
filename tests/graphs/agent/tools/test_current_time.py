"""The time is told for real zones, and tools go by name."""

from datetime import UTC, datetime, timedelta

import pytest
from langchain_core.messages import ToolMessage

from graphs.agent.tools import TOOLS, enabled_tools
from graphs.agent.tools.current_time import current_time


def ask(**arguments: str) -> ToolMessage:
    return current_time.invoke({"name": "current_time", "args": arguments, "id": "c1", "type": "tool_call"})


@pytest.mark.parametrize(
    ("arguments", "offset"),
    [({}, timedelta()), ({"time_zone": "Asia/Kolkata"}, timedelta(hours=5, minutes=30))],
    ids=["UTC by default", "named zone"],
)
def test_the_time_is_now_where_it_was_asked_for(arguments: dict[str, str], offset: timedelta):
    told = datetime.fromisoformat(str(ask(**arguments).content).split(" ")[0])

    assert told.utcoffset() == offset
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe"])
def test_an_unknown_zone_is_an_error(name: str):
    answer = ask(time_zone=name)

    assert answer.status == "error"
    assert "no such time zone" in answer.content


def test_tools_are_picked_by_name_once():
    picked = enabled_tools(["calculator", "unknown", "calculator"])

    assert [tool.name for tool in picked] == ["calculator"]
    assert {"calculator", "current_time", "fetch_page", "web_search"} <= set(TOOLS)
