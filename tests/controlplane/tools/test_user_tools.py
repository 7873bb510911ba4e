"""Users choose and configure tools over REST; what is secret goes in and never comes out."""

import json
from uuid import uuid4

import pytest
from django.urls import reverse

from controlplane.tools.catalogue import available_tool_save
from controlplane.tools.models import UserTool
from controlplane.tools.secrets import open_secrets
from controlplane.vault.box import current_key_version

LIST = "/api/v1/user-tools/"
SECRET = "sk-very-secret"
CONFIGURED = {"tool_name": "web_search", "configuration": {"max_results": 5, "api_key": SECRET}}


@pytest.fixture
def chosen(api, search):
    """The answer to choosing the tool with a secret."""
    return api.post(LIST, CONFIGURED, format="json")


def address(answer) -> str:
    return reverse("user-tool", kwargs={"user_tool_id": answer.json()["id"]})


def everything_kept() -> str:
    return json.dumps(list(UserTool.objects.values()), default=str)


def test_chosen_tool_is_shown_without_its_secret(chosen, api):
    assert chosen.status_code == 201
    shown = chosen.json()
    assert (shown["tool_name"], shown["tool_display_name"]) == ("web_search", "Web search")
    assert (shown["is_enabled"], shown["usage_count"], shown["rate_limit"]) == (True, 0, None)
    assert shown["configuration"] == {"max_results": 5}
    assert shown["secrets"] == {"api_key": True}
    for answer in (chosen, api.get(LIST), api.get(address(chosen)), api.get("/api/v1/tools/")):
        assert SECRET not in answer.text
    assert SECRET not in everything_kept()


def test_secret_is_sealed_with_the_newest_key(chosen):
    tool = UserTool.objects.get()

    assert tool.secrets_key_version == current_key_version()
    assert open_secrets(tool) == {"api_key": SECRET}


def test_secret_left_out_stays_and_the_rest_is_replaced(chosen, api):
    answer = api.patch(address(chosen), {"configuration": {"region": "eu"}}, format="json")

    assert answer.status_code == 200
    assert (answer.json()["configuration"], answer.json()["secrets"]) == ({"region": "eu"}, {"api_key": True})
    assert open_secrets(UserTool.objects.get()) == {"api_key": SECRET}


def test_secret_can_be_replaced(chosen, api):
    api.patch(address(chosen), {"configuration": {"api_key": "sk-newer"}}, format="json")

    assert open_secrets(UserTool.objects.get()) == {"api_key": "sk-newer"}


def test_secret_is_removed_by_null(api, add_tool):
    key = {"type": "string", "writeOnly": True}
    add_tool(config_schema={"type": "object", "properties": {"a": key, "b": key}})
    chosen = api.post(
        LIST, {"tool_name": "web_search", "configuration": {"a": "one", "b": "two"}}, format="json"
    )

    answer = api.patch(address(chosen), {"configuration": {"a": None}}, format="json")

    assert answer.json()["secrets"] == {"a": False, "b": True}
    assert open_secrets(UserTool.objects.get()) == {"b": "two"}
    api.patch(address(chosen), {"configuration": {"b": None}}, format="json")
    tool = UserTool.objects.get()
    assert (tool.sealed_secrets, tool.secrets_key_version, tool.secret_names) == ("", "", [])


def test_required_secret_is_not_removed(chosen, api):
    answer = api.patch(address(chosen), {"configuration": {"api_key": None}}, format="json")

    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["configuration.api_key"]
    assert open_secrets(UserTool.objects.get()) == {"api_key": SECRET}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"tool_name": "web_search"}, "configuration.api_key", id="nothing"),
        pytest.param(
            {**CONFIGURED, "configuration": {"api_key": SECRET, "max_results": 0}},
            "configuration.max_results",
            id="bound",
        ),
        pytest.param({**CONFIGURED, "configuration": {"api_key": "a\0bcd"}}, "configuration", id="null char"),
        pytest.param({**CONFIGURED, "configuration": [1]}, "configuration", id="list"),
        pytest.param({**CONFIGURED, "configuration": None}, "configuration", id="null"),
        pytest.param({**CONFIGURED, "is_enabled": "maybe"}, "is_enabled", id="is_enabled"),
        pytest.param({"tool_name": "no_such_tool"}, "tool_name", id="unknown tool"),
        pytest.param({"tool_name": "a\0b"}, "tool_name", id="null char in the name"),
        pytest.param({"tool_name": "\ud800"}, "tool_name", id="half a character"),
        pytest.param(
            {**CONFIGURED, "configuration": {"api_key": "\ud800abc"}}, "configuration", id="half value"
        ),
        pytest.param({"tool_name": 5}, "tool_name", id="number"),
        pytest.param({"tool_name": ["web_search"]}, "tool_name", id="name of another type"),
        pytest.param({}, "tool_name", id="no name"),
    ],
)
def test_what_cannot_be_chosen_is_named_and_nothing_is_kept(api, search, body, field):
    answer = api.post(LIST, json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]
    assert SECRET not in answer.text
    assert not UserTool.objects.exists()


@pytest.mark.parametrize("hidden", [{"is_active": False}, {"is_public": False}], ids=["off", "not public"])
def test_tool_that_is_not_for_the_user_cannot_be_chosen(api, add_tool, hidden):
    add_tool(**hidden)

    answer = api.post(LIST, {"tool_name": "web_search"}, format="json")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["tool_name"])
    assert not UserTool.objects.exists()


def test_tool_is_chosen_once(chosen, api):
    again = api.post(LIST, CONFIGURED, format="json")

    assert (again.status_code, again.json()["error"]["code"]) == (409, "tool_already_chosen")
    assert UserTool.objects.count() == 1


def test_repeat_with_the_same_key_finds_what_was_made(api, search):
    key = {"HTTP_IDEMPOTENCY_KEY": str(uuid4())}

    first, second = (api.post(LIST, CONFIGURED, format="json", **key) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_write_from_an_older_version_is_refused(chosen, api):
    before = api.get(address(chosen)).headers["ETag"]
    api.patch(address(chosen), {"is_enabled": False}, format="json")

    late = api.patch(address(chosen), {"is_enabled": True}, format="json", HTTP_IF_MATCH=before)

    assert (late.status_code, late.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert UserTool.objects.get().is_enabled is False


def test_replaced_secret_is_another_version(chosen, api):
    before = api.get(address(chosen)).headers["ETag"]
    api.patch(address(chosen), {"configuration": {"api_key": "sk-newer"}}, format="json")

    assert api.get(address(chosen)).headers["ETag"] != before


def test_forgotten_tool_is_gone_with_its_secrets_and_keeps_its_count(chosen, api):
    tool = UserTool.objects.get()
    tool.increment_usage()

    assert api.delete(address(chosen)).status_code == 204

    assert api.get(address(chosen)).status_code == 404
    row = UserTool.objects.get()
    assert (row.sealed_secrets, row.secret_names, row.configuration) == ("", [], {})
    assert (row.follows_default, row.usage_count, row.window_count) == (True, 1, 1)
    assert api.post(LIST, CONFIGURED, format="json").json()["usage_count"] == 1


def test_tool_can_be_switched_off_though_its_schema_has_changed(chosen, api, search):
    search.config_schema = {**search.config_schema, "required": ["api_key", "region"]}
    available_tool_save(tool=search)

    assert api.patch(address(chosen), {"is_enabled": False}, format="json").status_code == 200
    on = api.patch(address(chosen), {"is_enabled": True}, format="json")
    assert list(on.json()["error"]["fields"]) == ["configuration.region"]
    assert UserTool.objects.get().is_enabled is False


def test_value_that_becomes_a_secret_is_sealed_at_once(api, add_tool):
    schema = {"type": "object", "properties": {"api_key": {"type": "string"}}}
    tool = add_tool(config_schema=schema)
    chosen = api.post(LIST, CONFIGURED | {"configuration": {"api_key": SECRET}}, format="json")
    assert SECRET in chosen.text

    tool.config_schema = {"type": "object", "properties": {"api_key": {"type": "string", "writeOnly": True}}}
    available_tool_save(tool=tool)

    assert api.get(address(chosen)).json()["secrets"] == {"api_key": True}
    assert SECRET not in api.get(address(chosen)).text + everything_kept()
    assert open_secrets(UserTool.objects.get()) == {"api_key": SECRET}


def test_tool_of_no_catalogue_is_shown_and_changed(api, user):
    tool = UserTool.objects.create(user=user, tool_name="homemade", configuration={"max_results": 5})

    answer = api.patch(
        reverse("user-tool", kwargs={"user_tool_id": tool.pk}), {"is_enabled": True}, format="json"
    )

    assert (answer.status_code, answer.json()["configuration"]) == (200, {"max_results": 5})


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_list_is_narrowed(api, user, wanted):
    UserTool.objects.create(user=user, tool_name="one", is_enabled=True)
    UserTool.objects.create(user=user, tool_name="two", is_enabled=False)

    [row] = api.get(LIST, {"is_enabled": wanted}).json()["results"]

    assert row["tool_name"] == {"true": "one", "false": "two"}[wanted]


@pytest.mark.parametrize("count", [3, 30])
def test_list_costs_the_same_for_many(api, user, add_tool, django_assert_num_queries, count):
    for number in range(count):
        add_tool(f"tool_{number}", default_rate_limit=5)
        UserTool.objects.create(user=user, tool_name=f"tool_{number}")

    with django_assert_num_queries(2):
        page = api.get(LIST, {"limit": 100}).json()["results"]

    assert len(page) == count
    assert page[0]["rate_limit"] == {"limit": 5, "period": "hour"}


def test_one_costs_two_queries(chosen, api, django_assert_num_queries):
    with django_assert_num_queries(2):
        api.get(address(chosen))
