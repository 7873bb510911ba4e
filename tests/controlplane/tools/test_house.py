"""What the house has for its own tools: who searches, with which key, and what that means for users."""

import uuid

import pytest

from controlplane.errors import Forbidden
from controlplane.runs.tool_calls import tool_call_permit
from controlplane.tools.calls import ToolCallRequest
from controlplane.tools.house import house_means, search_provider, tools_without_means
from controlplane.tools.models import AvailableTool
from controlplane.tools.selection import enabled_tools
from controlplane.tools.services import user_tool_choose

KEY = "tvly-key-of-this-house"


@pytest.fixture
def house(settings):
    """Sets who searches, and the key."""

    def choose(who: str, *, key: str = "", base_url: str | None = None) -> None:
        settings.WEB_SEARCH, settings.TAVILY_API_KEY, settings.TAVILY_BASE_URL = who, key, base_url

    return choose


def permit_of(run, tool_name="web_search"):
    return tool_call_permit(
        ToolCallRequest(run_id=run.pk, attempt_id=uuid.uuid4(), tool_call_id="c1", tool_name=tool_name)
    )


@pytest.mark.parametrize(
    ("who", "key", "provider"),
    [
        ("auto", KEY, "tavily"),
        ("auto", "", "ddgs"),
        ("tavily", KEY, "tavily"),
        ("tavily", "", None),
        ("ddgs", KEY, "ddgs"),
        ("off", KEY, None),
    ],
)
def test_provider_follows_from_the_settings(house, who, key, provider):
    house(who, key=key)

    assert search_provider() == provider
    assert tools_without_means() == ([] if provider else ["web_search"])


def test_key_goes_with_the_permit_of_the_tool_alone(house, user, run, add_tool):
    house("auto", key=KEY, base_url="https://search.example")
    add_tool()
    user_tool_choose(owner_id=user.pk, tool_name="web_search")

    permit = permit_of(run)

    assert permit.configuration == {
        "search_provider": "tavily",
        "search_base_url": "https://search.example",
    }
    assert permit.secrets == {"search_key": KEY}
    assert KEY not in f"{permit!r} {permit} {house_means('web_search')!r}"
    assert permit_of(run, "calculator").secrets == {}


def test_user_s_own_values_do_not_lead_the_key_elsewhere(house, user, run, add_tool):
    house("auto", key=KEY)
    mine = {"search_base_url": "https://thief.example", "search_key": "mine"}
    texts = {name: {"type": "string"} for name in mine}
    add_tool(config_schema={"type": "object", "properties": texts})
    user_tool_choose(owner_id=user.pk, tool_name="web_search", configuration=mine)

    permit = permit_of(run)

    assert permit.configuration["search_base_url"] is None
    assert permit.secrets["search_key"] == KEY


def test_tool_that_nobody_can_serve_is_as_switched_off(house, user, api, run, add_tool):
    add_tool(is_on_by_default=True)
    house("auto")
    assert "web_search" in enabled_tools(user.pk)

    house("off")

    assert "web_search" not in enabled_tools(user.pk)
    assert [tool["tool_name"] for tool in api.get("/api/v1/tools/").json()["results"]] == [
        name for name in ("calculator", "current_time") if AvailableTool.objects.filter(tool_name=name)
    ]
    with pytest.raises(Forbidden):
        permit_of(run)


@pytest.fixture
def run(built_in, admitted):
    return admitted()
