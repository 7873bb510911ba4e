"""Reading and changing one's preferences over REST."""

import pytest
from rest_framework.test import APIClient

from controlplane.preferences.models import LIMITS, UserPreference

PREFERENCES = "/api/v1/preferences/"


def rows() -> list[dict]:
    return list(UserPreference.objects.order_by("pk").values())


def test_preferences_are_there_from_the_start(api, user):
    response = api.get(PREFERENCES)

    assert response.status_code == 200
    assert response.json() == {
        "default_model": "",
        "default_temperature": None,
        "default_max_tokens": None,
        "enable_auto_summarization": True,
        "summarization_threshold": None,
        "custom_system_prompt": "",
        "theme": "system",
        "language": "",
        "timezone": "",
        "enable_streaming": True,
        "multitask_strategy": "reject",
        "summarization_model": "",
        "daily_message_limit": None,
        "daily_token_limit": None,
        "daily_cost_limit": None,
        "monthly_message_limit": None,
        "monthly_token_limit": None,
        "monthly_cost_limit": None,
        "updated_at": response.json()["updated_at"],
    }


def test_change_is_kept_and_read_back(api, user, stranger, allow_models):
    allow_models("gpt-4o")
    changes = {
        "default_model": "gpt-4o",
        "default_temperature": 0.0,
        "default_max_tokens": 300,
        "enable_auto_summarization": False,
        "summarization_threshold": 3000,
        "custom_system_prompt": "  Rhyme.\n",
        "theme": "dark",
        "language": "pt-br",
        "timezone": "America/Sao_Paulo",
        "enable_streaming": False,
    }
    response = api.patch(PREFERENCES, changes)

    assert response.status_code == 200
    assert response.json().items() >= changes.items()
    read = api.get(PREFERENCES)
    assert (read.json(), read.headers["ETag"]) == (response.json(), response.headers["ETag"])
    assert UserPreference.objects.get(pk=stranger.pk).theme == "system"


def test_what_was_set_is_taken_back(api, user):
    api.patch(PREFERENCES, {"default_temperature": 1.5, "language": "de", "timezone": "UTC"})

    response = api.patch(PREFERENCES, {"default_temperature": None, "language": "", "timezone": ""})

    assert response.status_code == 200
    stored = UserPreference.objects.get(pk=user.pk)
    assert (stored.default_temperature, stored.language, stored.timezone) == (None, "", "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"default_model": "a\0b"}, "default_model", id="null-character"),
        pytest.param({"default_model": 7}, "default_model", id="model-is-a-number"),
        pytest.param({"default_model": "m" * 201}, "default_model", id="model-is-too-long"),
        pytest.param({"default_model": None}, "default_model", id="model-is-null"),
        pytest.param({"default_temperature": 2.01}, "default_temperature", id="too-hot"),
        pytest.param({"default_temperature": -1}, "default_temperature", id="too-cold"),
        pytest.param({"default_temperature": "NaN"}, "default_temperature", id="no-number"),
        pytest.param({"default_temperature": []}, "default_temperature", id="temperature-is-a-list"),
        pytest.param({"default_max_tokens": 0}, "default_max_tokens", id="no-tokens"),
        pytest.param({"default_max_tokens": 10**30}, "default_max_tokens", id="too-many-tokens"),
        pytest.param({"summarization_threshold": 255}, "summarization_threshold", id="threshold-too-low"),
        pytest.param({"custom_system_prompt": "x" * 20_001}, "custom_system_prompt", id="prompt-too-long"),
        pytest.param({"custom_system_prompt": {}}, "custom_system_prompt", id="prompt-is-an-object"),
        pytest.param({"theme": "pink"}, "theme", id="theme"),
        pytest.param({"theme": ["dark"]}, "theme", id="theme-is-a-list"),
        pytest.param({"language": "tlh"}, "language", id="language"),
        pytest.param({"timezone": "Mars/Olympus"}, "timezone", id="time-zone"),
        pytest.param({"timezone": "../../etc/passwd"}, "timezone", id="path-for-a-time-zone"),
        pytest.param({"timezone": "europe/berlin"}, "timezone", id="time-zone-in-lower-case"),
        pytest.param({"enable_streaming": None}, "enable_streaming", id="switch-is-null"),
    ],
)
def test_wrong_field_is_named_and_nothing_changes(api, user, body, field):
    before = rows()

    response = api.patch(PREFERENCES, {"enable_auto_summarization": False, **body})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert rows() == before


@pytest.mark.parametrize("body", [["theme"], "x", 7], ids=["list", "text", "number"])
def test_body_that_is_no_object_is_refused(api, user, body):
    before = rows()

    assert api.patch(PREFERENCES, body).status_code == 422
    assert rows() == before


def test_model_that_may_not_be_used_is_refused(api, user):
    before = rows()

    response = api.patch(PREFERENCES, {"default_model": "forbidden", "theme": "dark"})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "model_not_allowed")
    assert list(error["fields"]) == ["default_model"]
    assert rows() == before


@pytest.mark.parametrize("limit", [*LIMITS, "user"])
def test_nobody_raises_their_own_limits(api, user, limit):
    UserPreference.objects.filter(pk=user.pk).update(
        daily_message_limit=1, daily_token_limit=1, daily_cost_limit=1
    )
    before = rows()

    response = api.patch(PREFERENCES, {limit: 1000})

    assert response.status_code == 200
    assert rows() == before


def test_older_version_is_refused(api, user):
    old = api.get(PREFERENCES).headers["ETag"]
    assert api.patch(PREFERENCES, {"theme": "dark"}, headers={"If-Match": old}).status_code == 200
    before = rows()

    response = api.patch(PREFERENCES, {"theme": "light"}, headers={"If-Match": old})

    assert (response.status_code, response.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert rows() == before


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_preferences_are_neither_made_nor_deleted(api, user, method):
    before = rows()

    assert getattr(api, method)(PREFERENCES, {"theme": "dark"}).status_code == 405
    assert rows() == before


def test_nobody_has_no_preferences(user):
    before = rows()

    assert APIClient().patch(PREFERENCES, {"theme": "dark"}).status_code == 401
    assert rows() == before


def test_reading_again_asks_for_the_caller_alone(api, user, django_assert_num_queries):
    api.get(PREFERENCES)

    with django_assert_num_queries(1):
        assert api.get(PREFERENCES).status_code == 200


def test_changing_costs_a_fixed_number_of_queries(api, user, django_assert_num_queries):
    with django_assert_num_queries(8):
        assert api.patch(PREFERENCES, {"theme": "dark"}).status_code == 200
