"""The catalogue: what users see of it, what the migration puts there, and what a change of it does."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from controlplane.tools.catalogue import available_tool_save
from controlplane.tools.models import AvailableTool, UserTool
from graphs.agent.tools import TOOLS

LIST = "/api/v1/tools/"
BUILT_IN = import_module("controlplane.tools.migrations.0002_built_in_tools")
MORE_BUILT_IN = import_module("controlplane.tools.migrations.0003_more_built_in_tools")


def shown(api, **query) -> dict[str, dict]:
    return {tool["tool_name"]: tool for tool in api.get(LIST, query).json()["results"]}


def test_tools_of_the_graph_are_built_in(built_in):
    MORE_BUILT_IN.add_built_in_tools(apps, None)
    assert set(TOOLS) <= set(AvailableTool.objects.values_list("tool_name", flat=True))
    assert {(tool.is_active, tool.is_public) for tool in built_in.values()} == {(True, True)}
    for tool in built_in.values():
        tool.full_clean()


def test_migration_can_be_taken_back(built_in, user):
    UserTool.objects.create(user=user, tool_name="calculator")

    BUILT_IN.remove_built_in_tools(apps, None)

    assert not AvailableTool.objects.exists()
    assert UserTool.objects.get().available_tool is None


def test_migration_leaves_what_an_administrator_made_of_a_tool(built_in):
    AvailableTool.objects.filter(tool_name="calculator").update(is_active=False, display_name="Sums")

    BUILT_IN.add_built_in_tools(apps, None)

    tool = AvailableTool.objects.get(tool_name="calculator")
    assert (tool.is_active, tool.display_name) == (False, "Sums")


def test_user_sees_the_tools_and_where_they_stand(api, user, built_in, search, settings):
    settings.DEFAULT_ENABLED_TOOLS = ["calculator"]
    own = UserTool.objects.create(user=user, tool_name="web_search", rate_limit=3, rate_limit_period="day")

    tools = shown(api)

    assert list(tools) == ["calculator", "current_time", "web_search"]
    assert [tool["is_enabled"] for tool in tools.values()] == [True, False, True]
    assert tools["calculator"]["user_tool_id"] is None
    assert tools["calculator"]["rate_limit"] is None
    assert tools["web_search"]["user_tool_id"] == str(own.pk)
    assert tools["web_search"]["rate_limit"] == {"limit": 3, "period": "day"}
    assert tools["web_search"]["config_schema"] == search.config_schema


def test_choice_of_another_user_is_not_seen(api, stranger, built_in):
    UserTool.objects.create(user=stranger, tool_name="calculator", rate_limit=1)

    assert (shown(api)["calculator"]["user_tool_id"], shown(api)["calculator"]["rate_limit"]) == (None, None)


def test_hidden_tools_are_not_shown(api, user, add_tool, built_in):
    add_tool("off", is_active=False)
    add_tool("private", is_public=False)
    add_tool("given", is_public=False)
    UserTool.objects.create(user=user, tool_name="off")
    UserTool.objects.create(user=user, tool_name="given")

    assert list(shown(api)) == ["calculator", "current_time", "given"]


def test_catalogue_is_narrowed_by_category(api, built_in):
    assert list(shown(api, category="math")) == ["calculator"]
    answer = api.get(LIST, {"category": "nonsense"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["category"])


@pytest.mark.parametrize("count", [3, 30])
def test_catalogue_costs_the_same_for_many(api, user, add_tool, django_assert_num_queries, count):
    AvailableTool.objects.all().delete()
    for number in range(count):
        add_tool(f"tool_{number}")
        UserTool.objects.create(user=user, tool_name=f"tool_{number}")

    with django_assert_num_queries(3):
        assert len(api.get(LIST, {"limit": 100}).json()["results"]) == count


def test_tool_that_users_had_before_the_catalogue_is_tied_to_it(user, add_tool):
    AvailableTool.objects.all().delete()
    own = UserTool.objects.create(user=user, tool_name="web_search")
    assert own.available_tool is None

    tool = add_tool()

    own.refresh_from_db()
    assert own.available_tool == tool


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"tool_name": "no spaces"}, id="tool_name"),
        pytest.param({"config_schema": {"type": "string"}}, id="config_schema"),
        pytest.param({"default_rate_limit": 0}, id="default_rate_limit"),
        pytest.param({"category": "nonsense"}, id="category"),
    ],
)
def test_unsound_tool_is_not_saved(db, wrong):
    given = {"tool_name": "search", "display_name": "Search", **wrong}

    with pytest.raises(ValidationError) as refusal:
        available_tool_save(tool=AvailableTool(**given))

    assert list(refusal.value.message_dict) == list(wrong)
    assert not AvailableTool.objects.filter(display_name="Search").exists()
