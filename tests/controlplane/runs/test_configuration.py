"""What a run runs with, and who said so: its wishes, its session, its user, the house."""

import pytest

from controlplane.chat.models import ChatSession
from controlplane.language_models.models import AllowedModel
from controlplane.preferences.models import UserPreference
from controlplane.preferences.origins import Setting
from controlplane.preferences.services import preference_change
from controlplane.runs.admission import Role, run_admit
from controlplane.runs.configuration import EffectiveConfiguration, effective_configuration
from controlplane.runs.context import Wishes

NOTHING = Wishes()

PREFERRED = {
    "default_model": "preferred",
    "default_temperature": 0.2,
    "default_max_tokens": 20,
    "custom_system_prompt": "Preferred.",
    "enable_auto_summarization": False,
    "summarization_threshold": 2000,
}
OF_SESSION = {
    "model_name": "session's",
    "temperature": 0.0,
    "max_tokens": 10,
    "custom_system_prompt": "Session's.",
    "enable_summarization": True,
    "summarization_threshold": 1000,
}
KEYS = (
    "model",
    "temperature",
    "max_tokens",
    "system_prompt",
    "enable_summarization",
    "summarization_threshold",
)


def configure(user, wishes: Wishes = NOTHING, **of_session: object) -> EffectiveConfiguration:
    session = ChatSession.objects.create(user=user, **of_session)
    return effective_configuration(session=session, user_id=user.pk, wishes=wishes)


def shown(configuration: EffectiveConfiguration) -> list[tuple[object, str]]:
    found = configuration.settings()
    return [(found[key].value, found[key].origin) for key in KEYS]


def test_house_s_settings_hold_where_nobody_says_anything(user, settings):
    settings.DEFAULT_MODEL, settings.DEFAULT_TEMPERATURE = "house", 0.3
    settings.DEFAULT_SYSTEM_PROMPT = "House's."

    assert shown(configure(user)) == [
        ("house", "system"),
        (0.3, "system"),
        (1024, "system"),
        ("House's.", "system"),
        (True, "preference"),
        (4000, "system"),
    ]


def test_default_of_the_list_goes_before_that_of_the_settings(user):
    AllowedModel.objects.create(name="listed", is_active=True, is_default=True)

    assert configure(user).model == Setting("listed", "system")


def test_preferences_go_before_the_house_s(user):
    UserPreference.objects.filter(pk=user.pk).update(**PREFERRED)

    assert shown(configure(user)) == [(value, "preference") for value in PREFERRED.values()]


def test_session_goes_before_the_preferences(user):
    UserPreference.objects.filter(pk=user.pk).update(**PREFERRED)

    assert shown(configure(user, **OF_SESSION)) == [(value, "session") for value in OF_SESSION.values()]


def test_wishes_go_before_all(user):
    UserPreference.objects.filter(pk=user.pk).update(**PREFERRED)

    wished = shown(configure(user, Wishes(model="wished", temperature=0.0, max_tokens=1), **OF_SESSION))

    assert wished[:3] == [("wished", "run"), (0.0, "run"), (1, "run")]
    assert {origin for _, origin in wished[3:]} == {"session"}


def test_each_value_is_resolved_by_itself(user):
    UserPreference.objects.filter(pk=user.pk).update(default_temperature=0.0)

    configuration = configure(user, Wishes(max_tokens=5), custom_system_prompt="Session's.")

    assert configuration.temperature == Setting(0.0, "preference")
    assert configuration.max_tokens == Setting(5, "run")
    assert configuration.system_prompt == Setting("Session's.", "session")


def test_without_a_user_the_house_s_hold(db):
    configuration = effective_configuration(session=None, user_id=None, wishes=NOTHING)

    assert {setting.origin for setting in configuration.settings().values()} == {"system"}
    assert configuration.enable_summarization.value is True


def test_preferences_of_others_do_not_matter(user, stranger):
    UserPreference.objects.filter(pk=stranger.pk).update(**PREFERRED)

    assert configure(user).system_prompt.origin == "system"


@pytest.mark.parametrize(
    ("of_session", "before", "after"),
    [
        pytest.param({}, (False, 0.2), (True, 0.9), id="session-that-says-nothing-follows"),
        pytest.param(
            {"enable_summarization": False, "temperature": 0.5},
            (False, 0.5),
            (False, 0.5),
            id="session-that-says-something-stays",
        ),
    ],
)
def test_later_change_of_preferences_reaches_sessions_that_say_nothing(
    user, run_request, of_session, before, after
):
    session = ChatSession.objects.create(user=user, **of_session)

    def run() -> tuple[bool, float]:
        context = run_admit(run_request(thread_id=session.pk)).context
        return context["enable_summarization"], context["temperature"]

    changes = {"enable_auto_summarization": False, "default_temperature": 0.2}
    preference_change(user_id=user.pk, changes=changes)
    assert run() == before
    preference_change(
        user_id=user.pk, changes={"enable_auto_summarization": True, "default_temperature": 0.9}
    )
    assert run() == after


def test_service_run_follows_the_one_who_pays(user, run_request):
    UserPreference.objects.filter(pk=user.pk).update(default_temperature=0.2)

    admission = run_admit(run_request(role=Role.SERVICE, thread_id=None, graph_id="summarizer"))

    assert admission.context["temperature"] == 0.2
