"""The specification's examples of UserPreference."""

from django.core.cache import cache

from controlplane.chat.models import ChatSession
from controlplane.preferences.selectors import preferences_of
from controlplane.preferences.services import preference_change


def test_session_is_made_with_user_defaults(user):
    # Get user preferences (auto-created)
    prefs = user.ai_preferences

    # Get config for new session
    session_config = prefs.get_session_config()

    # Create session with user defaults
    session = ChatSession.objects.create(user=user, **session_config)

    assert session.user == user
    assert set(session_config) == {
        "model_name",
        "temperature",
        "max_tokens",
        "custom_system_prompt",
        "enable_summarization",
        "summarization_threshold",
    }


def test_session_config_carries_what_the_user_has_set(user, allow_models):
    allow_models("gpt-4o")
    changes = {
        "default_model": "gpt-4o",
        "default_temperature": 0.7,
        "default_max_tokens": 200,
        "custom_system_prompt": "Rhyme.",
        "enable_auto_summarization": False,
        "summarization_threshold": 3000,
    }
    preference_change(user_id=user.pk, changes=changes)

    session = ChatSession.objects.create(user=user, **user.ai_preferences.get_session_config())

    session.refresh_from_db()
    assert (session.model_name, session.temperature, session.max_tokens) == ("gpt-4o", 0.7, 200)
    assert (session.custom_system_prompt, session.enable_summarization) == ("Rhyme.", False)
    assert session.summarization_threshold == 3000


def test_fields_have_the_names_and_defaults_of_the_specification(user):
    prefs = user.ai_preferences

    assert (prefs.default_model, prefs.default_temperature, prefs.default_max_tokens) == ("", None, None)
    assert (prefs.enable_auto_summarization, prefs.custom_system_prompt) == (True, "")
    assert (prefs.daily_message_limit, prefs.daily_token_limit) == (None, None)
    assert (prefs.theme, prefs.enable_streaming) == ("system", True)


def test_preferences_are_cached_for_an_hour(user, django_assert_num_queries):
    """Follows the meaning: the key and the hour are as written, the entry carries its version as well."""
    cache.delete(f"user_prefs_{user.id}")
    prefs = preferences_of(user)

    assert cache.get(f"user_prefs_{user.id}")["value"]["user_id"] == user.id
    with django_assert_num_queries(0):
        assert preferences_of(user) == prefs
