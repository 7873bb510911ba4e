"""A tool is on when the catalogue has it, the user has not said no, and somebody has said yes."""

import pytest

from controlplane.tools.catalogue import available_tools_switch
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.selection import enabled_tools, find_enabled, select_tools


@pytest.fixture(autouse=True)
def house(settings, built_in):
    settings.DEFAULT_ENABLED_TOOLS = ["current_time", "calculator"]


def test_house_s_tools_are_on_for_who_has_not_chosen(user):
    assert enabled_tools(user.pk) == ["current_time", "calculator"]
    assert enabled_tools(None) == ["current_time", "calculator"]


def test_name_that_the_catalogue_lacks_is_off(user, settings):
    settings.DEFAULT_ENABLED_TOOLS = ["current_time", "web_search"]

    assert enabled_tools(user.pk) == ["current_time"]


def test_choice_of_one_user_is_theirs_alone(user, stranger):
    UserTool.objects.create(user=user, tool_name="calculator", is_enabled=False)

    assert enabled_tools(user.pk) == ["current_time"]
    assert enabled_tools(stranger.pk) == ["current_time", "calculator"]


def test_switched_off_is_off_for_everyone_at_once(user):
    UserTool.objects.create(user=user, tool_name="calculator", is_enabled=True)

    assert available_tools_switch(tools=AvailableTool.objects.all(), is_active=False) == 2

    assert enabled_tools(user.pk) == enabled_tools(None) == []
    assert find_enabled(user.pk, "calculator") is None


@pytest.mark.parametrize(
    ("mark", "in_house", "is_on"),
    [
        pytest.param(None, True, True, id="the setting says yes"),
        pytest.param(None, False, False, id="the setting says nothing"),
        pytest.param(True, False, True, id="the catalogue says yes"),
        pytest.param(False, True, False, id="the catalogue says no"),
    ],
)
def test_catalogue_s_word_goes_before_the_setting(user, settings, mark, in_house, is_on):
    settings.DEFAULT_ENABLED_TOOLS = ["calculator"] if in_house else []
    AvailableTool.objects.update(is_on_by_default=None)
    AvailableTool.objects.filter(tool_name="calculator").update(is_on_by_default=mark)

    assert ("calculator" in enabled_tools(user.pk)) is is_on
    assert (find_enabled(user.pk, "calculator") is not None) is is_on


def test_tool_that_is_not_public_is_on_for_whom_it_was_given_alone(user, stranger, add_tool):
    add_tool("search", is_public=False, is_on_by_default=True)
    UserTool.objects.create(user=user, tool_name="search")

    assert "search" in enabled_tools(user.pk)
    assert "search" not in enabled_tools(stranger.pk)
    assert not AvailableTool.objects.visible_to(stranger.pk).filter(tool_name="search").exists()


def test_row_that_only_counts_is_no_choice(user):
    UserTool.objects.create(user=user, tool_name="calculator", follows_default=True)
    AvailableTool.objects.filter(tool_name="calculator").update(is_on_by_default=False)

    assert enabled_tools(user.pk) == ["current_time"]


def test_selection_costs_two_queries_for_any_number(user, add_tool, django_assert_num_queries):
    for number in range(30):
        add_tool(f"tool_{number}", is_on_by_default=True)
        UserTool.objects.create(user=user, tool_name=f"tool_{number}")

    with django_assert_num_queries(2):
        assert len(enabled_tools(user.pk)) == 32


def test_tools_that_act_are_named_where_the_house_wants_them_to_ask(user, settings):
    AvailableTool.objects.filter(tool_name="current_time").update(only_reads=True)

    assert select_tools(user.pk).acting_names == []
    settings.APPROVE_ACTIONS_AFTER_RETRIEVAL = True
    assert select_tools(user.pk).acting_names == ["calculator"]
