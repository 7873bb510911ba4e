"""Tools in the back office: kept, given and shown, without a secret on any page."""

import json

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controlplane.accounts.roles import roles_sync
from controlplane.tools.models import AvailableTool, ToolCall, UserTool
from controlplane.tools.secrets import open_secrets, put_secrets
from tests.controlplane.admin.conftest import office

__all__ = ["office"]

SECRET = "sk-very-secret"


def page_of(model, step: str, *arguments) -> str:
    return reverse(f"admin:tools_{model._meta.model_name}_{step}", args=arguments)


def form_of(tool: AvailableTool, **changes) -> dict[str, object]:
    return {
        "tool_name": tool.tool_name,
        "display_name": tool.display_name,
        "description": tool.description,
        "category": tool.category,
        "is_active": "on",
        "is_public": "on",
        "is_on_by_default": "unknown",
        "config_schema": json.dumps(tool.config_schema),
        "default_rate_limit": "",
        "default_rate_limit_period": "hour",
        **changes,
    }


@pytest.fixture
def configured(user, search) -> UserTool:
    tool = UserTool.objects.create(user=user, tool_name="web_search", configuration={"max_results": 5})
    put_secrets(tool, {"api_key": SECRET})
    tool.save()
    return tool


def test_tool_is_added(office, db):  # the fixture
    fresh = AvailableTool(tool_name="search", display_name="Search")

    answer = office.post(page_of(AvailableTool, "add"), form_of(fresh, default_rate_limit="10"))

    assert answer.status_code == 302, answer.context["adminform"].errors
    tool = AvailableTool.objects.get(tool_name="search")
    assert (str(tool.rate_limit), tool.is_on_by_default) == ("10/hour", None)


@pytest.mark.parametrize(
    "schema",
    ['{"type": "string"}', '{"type": "object", "properties": {"a": {"$ref": "https://evil.example/"}}}', "{"],
    ids=["no object", "remote", "no JSON"],
)
def test_unsound_schema_is_not_saved(office, built_in, schema):
    tool = built_in["calculator"]

    answer = office.post(page_of(AvailableTool, "change", tool.pk), form_of(tool, config_schema=schema))

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["config_schema"]
    tool.refresh_from_db()
    assert tool.config_schema["additionalProperties"] is False


def test_name_stays_what_graphs_know_it_by(office, built_in):
    tool = built_in["calculator"]

    office.post(
        page_of(AvailableTool, "change", tool.pk), form_of(tool, tool_name="sums", display_name="Sums")
    )

    tool.refresh_from_db()
    assert (tool.tool_name, tool.display_name) == ("calculator", "Sums")


@pytest.mark.parametrize("action", ["switch_off", "switch_on"])
def test_tools_are_switched_for_everyone(office, built_in, action):
    AvailableTool.objects.update(is_active=action == "switch_off")
    chosen = [str(tool.pk) for tool in built_in.values()]

    office.post(page_of(AvailableTool, "changelist"), {"action": action, "_selected_action": chosen})

    assert set(AvailableTool.objects.values_list("is_active", flat=True)) == {action == "switch_on"}


def test_tool_that_is_not_public_is_given(office, user, add_tool):
    tool = add_tool(is_public=False)
    form = {"user": user.pk, "available_tool": tool.pk, "is_enabled": "on", "rate_limit": "3"}

    answer = office.post(page_of(UserTool, "add"), {**form, "rate_limit_period": "day"})

    assert answer.status_code == 302, answer.context["adminform"].errors
    given = UserTool.objects.get()
    assert (given.user, given.tool_name, given.follows_default) == (user, "web_search", False)
    assert (str(given.effective_rate_limit), given.tool_display_name) == ("3/day", "Web search")


def test_user_s_tool_is_limited_and_nothing_else_of_it_changed(office, configured):
    form = {"rate_limit": "7", "rate_limit_period": "minute", "configuration": "{}", "tool_name": "other"}

    answer = office.post(page_of(UserTool, "change", configured.pk), form)

    assert answer.status_code == 302
    tool = UserTool.objects.get()
    assert (str(tool.effective_rate_limit), tool.is_enabled, tool.tool_name) == (
        "7/minute",
        False,
        "web_search",
    )
    assert tool.configuration == {"max_results": 5}
    assert open_secrets(tool) == {"api_key": SECRET}


def test_pages_name_secrets_and_never_show_them(office, configured):
    pages = [
        office.get(page_of(UserTool, "changelist")).text,
        office.get(page_of(UserTool, "change", configured.pk)).text,
    ]

    assert "api_key" in pages[1]
    for page in pages:
        assert SECRET not in page
        assert configured.sealed_secrets[:20] not in page


def test_support_sees_no_configuration(make_user, configured):
    roles_sync()
    helper = make_user("support@example.com", is_staff=True)
    helper.groups.add(Group.objects.get(name="support"))
    client = Client()
    client.force_login(helper)

    page = client.get(page_of(UserTool, "change", configured.pk))

    assert page.status_code == 200
    assert "max_results" not in page.text
    assert "web_search" in page.text


def test_forgotten_tool_keeps_its_count(office, configured):
    configured.increment_usage()

    office.post(
        page_of(UserTool, "changelist"), {"action": "forget", "_selected_action": [str(configured.pk)]}
    )

    tool = UserTool.objects.get()
    assert (tool.follows_default, tool.usage_count, tool.sealed_secrets) == (True, 1, "")


def test_row_with_counts_is_not_deleted(office, configured):
    answer = office.post(page_of(UserTool, "delete", configured.pk), {"post": "yes"})

    assert answer.status_code == 403
    assert UserTool.objects.exists()


@pytest.mark.parametrize("model", [AvailableTool, UserTool])
@pytest.mark.parametrize("query", ["", "?q=search", "?q=%00"], ids=["all", "searched", "null character"])
def test_lists_are_shown(office, configured, model, query):
    assert office.get(page_of(model, "changelist") + query).status_code in {200, 302}


@pytest.mark.parametrize("model", [AvailableTool, UserTool])
def test_list_costs_the_same_for_many_rows(office, user, add_tool, model):
    def count_queries(upto: int) -> int:
        for number in range(model.objects.count(), upto):
            add_tool(f"tool_{number}", default_rate_limit=3)
            UserTool.objects.create(user=user, tool_name=f"tool_{number}")
        with CaptureQueriesContext(connection) as queries:
            assert office.get(page_of(model, "changelist")).status_code == 200
        return len(queries)

    AvailableTool.objects.all().delete()
    assert count_queries(3) == count_queries(30)


@pytest.mark.parametrize("model", [AvailableTool, UserTool, ToolCall])
def test_pages_are_closed_to_others(make_user, model):
    client = Client()
    client.force_login(make_user("curious@example.com"))

    assert client.get(page_of(model, "changelist")).status_code == 302
