"""Making a template the prompt of a session."""

from uuid import uuid4

import pytest

from controlplane.chat.models import ChatSession
from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.services import prompt_change, prompt_create
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def tutor(user) -> SystemPromptTemplate:
    """The user's template."""
    settings = {"name": "Tutor", "content": "You teach {{topic}}."}
    return prompt_create(author_id=user.pk, owner_id=user.pk, settings=settings)


def address(session: ChatSession) -> str:
    return f"/api/v1/sessions/{session.pk}/prompt/"


def test_session_takes_the_rendered_text(api, user, tutor):
    session = ChatSession.objects.create(user=user)
    body = {"template": str(tutor.pk), "variables": {"topic": "tea", "user_name": "Ada"}}

    response = api.post(address(session), body)
    prompt_change(prompt_id=tutor.pk, author_id=user.pk, changes={"content": "Changed."})

    assert (response.status_code, response.json()["custom_system_prompt"]) == (200, "You teach tea.")
    session.refresh_from_db()
    tutor.refresh_from_db()
    assert (session.custom_system_prompt, tutor.usage_count) == ("You teach tea.", 1)
    configuration = effective_configuration(session=session, user_id=user.pk, wishes=Wishes())
    assert (configuration.system_prompt.value, configuration.system_prompt.origin) == (
        "You teach tea.",
        "session",
    )


@pytest.mark.parametrize(
    ("variables", "field"),
    [({}, "variables"), ({"topic": "a", "x": "b"}, "variables"), ({"topic": 7}, "variables.topic")],
    ids=["missing", "unknown", "number"],
)
def test_wrong_values_are_named_and_nothing_changes(api, user, tutor, variables, field):
    session = ChatSession.objects.create(user=user, custom_system_prompt="Before.")

    response = api.post(address(session), {"template": str(tutor.pk), "variables": variables})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    session.refresh_from_db()
    tutor.refresh_from_db()
    assert (session.custom_system_prompt, tutor.usage_count) == ("Before.", 0)


@pytest.mark.parametrize(
    "body", [{}, {"template": "x"}, {"template": None}], ids=["nothing", "no-id", "null"]
)
def test_wrong_template_is_named(api, user, body):
    session = ChatSession.objects.create(user=user)

    response = api.post(address(session), body)

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, ["template"])


def test_template_that_is_not_seen_is_not_found(stranger_api, stranger, tutor):
    session = ChatSession.objects.create(user=stranger, custom_system_prompt="Before.")

    for template_id in (tutor.pk, uuid4()):
        body = {"template": str(template_id), "variables": {"topic": "tea"}}
        assert stranger_api.post(address(session), body).status_code == 404
    session.refresh_from_db()
    tutor.refresh_from_db()
    assert (session.custom_system_prompt, tutor.usage_count) == ("Before.", 0)


@pytest.mark.django_db(transaction=True)
def test_uses_at_once_all_count(user, tutor):
    sessions = [ChatSession.objects.create(user=user) for _ in range(6)]
    body = {"template": str(tutor.pk), "variables": {"topic": "tea"}}

    answers = in_parallel(6, lambda number: signed_in(user).post(address(sessions[number]), body).status_code)

    tutor.refresh_from_db()
    assert (answers, tutor.usage_count) == ([200] * 6, 6)


def test_house_s_prompt_is_the_default_template(user, settings):
    settings.DEFAULT_SYSTEM_PROMPT = ""
    SystemPromptTemplate.objects.create(
        name="House", slug="house", content="Serve.", is_default=True, is_public=True
    )
    session = ChatSession.objects.create(user=user)

    configuration = effective_configuration(session=session, user_id=user.pk, wishes=Wishes())

    assert (configuration.system_prompt.value, configuration.system_prompt.origin) == ("Serve.", "system")
