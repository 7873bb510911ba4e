"""The effective configuration over REST: each value, and which level it comes from."""

from decimal import Decimal

from django.contrib.auth.models import Group

from controlplane.chat.models import ChatSession
from controlplane.preferences.models import GroupLimits, UserPreference
from controlplane.runs.models import Run


def address(session: ChatSession) -> str:
    return f"/api/v1/sessions/{session.pk}/effective-config/"


def test_each_value_is_shown_with_its_origin(api, user, settings):
    settings.DEFAULT_TEMPERATURE, settings.DAILY_TOKEN_LIMIT = None, 500
    UserPreference.objects.filter(pk=user.pk).update(
        default_max_tokens=300, custom_system_prompt="Rhyme.", daily_cost_limit=Decimal("2.5")
    )
    group = Group.objects.create(name="readers")
    GroupLimits.objects.create(group=group, daily_message_limit=100)
    user.groups.add(group)
    session = ChatSession.objects.create(user=user, model_name="gpt-4o")

    response = api.get(address(session))

    assert response.status_code == 200
    assert response.json() == {
        "model": {"value": "gpt-4o", "origin": "session"},
        "temperature": {"value": None, "origin": "system"},
        "max_tokens": {"value": 300, "origin": "preference"},
        "system_prompt": {"value": "Rhyme.", "origin": "preference"},
        "enabled_tools": {"value": ["current_time", "calculator"], "origin": "system"},
        "enable_summarization": {"value": True, "origin": "preference"},
        "summarization_threshold": {"value": 4000, "origin": "system"},
        "summary_model": {"value": "", "origin": "system"},
        "summary_keep_tokens": {"value": 2000, "origin": "system"},
        "limits": {
            "messages": {"value": 100, "origin": "group"},
            "tokens": {"value": 500, "origin": "system"},
            "cost": {"value": "2.500000000", "origin": "preference"},
            "month": {
                "messages": {"value": None, "origin": "system"},
                "tokens": {"value": None, "origin": "system"},
                "cost": {"value": None, "origin": "system"},
            },
        },
    }


def test_looking_starts_nothing_and_costs_a_fixed_number_of_queries(
    api, user, settings, django_assert_num_queries
):
    session = ChatSession.objects.create(user=user)
    # The caller, the session, the preferences, the default model, what it can do, its fallbacks, its context,
    # the prompt, tools, the limits.
    with django_assert_num_queries(11):
        assert api.get(address(session)).status_code == 200
    assert not Run.objects.exists()


def test_session_of_another_is_not_found(stranger_api, user):
    response = stranger_api.get(address(ChatSession.objects.create(user=user)))

    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
