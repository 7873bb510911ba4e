"""There is exactly one default at every moment, whoever writes, and however many at once."""

import pytest
from django.db import IntegrityError, connection, transaction

from controlplane.errors import Conflict, NotFound
from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.selection import default_system_prompt
from controlplane.prompts.services import (
    prompt_change,
    prompt_create,
    prompt_delete,
    prompt_make_default,
)
from tests.controlplane.in_parallel import in_parallel


def defaults() -> list[str]:
    return list(SystemPromptTemplate.objects.filter(is_default=True).values_list("name", flat=True))


def check_now() -> None:
    """Let the database check what it otherwise checks when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def test_switching_is_one_statement(default_assistant, make_prompt, django_assert_num_queries):
    tutor = make_prompt(owner=None)

    with django_assert_num_queries(1):
        SystemPromptTemplate.objects.filter(pk=tutor.pk).update(is_default=True, is_public=True)
    check_now()

    assert defaults() == ["Tutor"]


def test_service_makes_it_public_too(default_assistant, make_prompt):
    tutor = prompt_make_default(prompt_id=make_prompt(owner=None).pk)

    assert (tutor.is_default, tutor.is_public, defaults()) == (True, True, ["Tutor"])


def test_new_default_takes_the_mark(default_assistant):
    SystemPromptTemplate.objects.create(
        name="New", slug="new", content="Hi.", is_default=True, is_public=True
    )
    check_now()

    assert defaults() == ["New"]


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda default: default.update(is_default=False), id="unset"),
        pytest.param(lambda default: default.delete(), id="deleted"),
    ],
)
def test_database_lets_nobody_take_the_last_one(default_assistant, harm):
    def do_harm() -> None:
        with transaction.atomic():
            harm(SystemPromptTemplate.objects.filter(is_default=True))
            check_now()

    with pytest.raises(IntegrityError, match="one template is always the default"):
        do_harm()

    assert defaults() == ["Default Assistant"]


@pytest.mark.parametrize("fields", [{"is_public": False}, {"owner": True}], ids=["hidden", "a-user's"])
def test_default_is_the_house_s_and_public(default_assistant, user, fields):
    fields = {name: user.pk if name == "owner" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError, match="prompts_default_is_public"), transaction.atomic():
        SystemPromptTemplate.objects.filter(is_default=True).update(**fields)


def test_services_refuse_in_words(default_assistant, make_prompt):
    for refused in (
        lambda: prompt_delete(prompt_id=default_assistant.pk),
        lambda: prompt_change(prompt_id=default_assistant.pk, author_id=None, changes={"is_public": False}),
    ):
        with pytest.raises(Conflict) as caught:
            refused()
        assert caught.value.code == "prompt_is_default"
    with pytest.raises(NotFound):
        prompt_make_default(prompt_id=make_prompt().pk)
    assert defaults() == ["Default Assistant"]


@pytest.mark.django_db(transaction=True)
def test_many_switches_at_once_leave_one(default_assistant):
    templates = [
        prompt_create(author_id=None, owner_id=None, settings={"name": f"T{number}", "content": "Hi."})
        for number in range(6)
    ]

    made = in_parallel(6, lambda number: prompt_make_default(prompt_id=templates[number].pk).pk)

    assert made == [template.pk for template in templates]
    assert len(defaults()) == 1


@pytest.mark.django_db(transaction=True)
def test_deleting_and_switching_at_once_leave_one(default_assistant):
    tutor = prompt_create(author_id=None, owner_id=None, settings={"name": "Tutor", "content": "Hi."})

    def act(number: int) -> object:
        if number % 2:
            return SystemPromptTemplate.objects.filter(pk=tutor.pk).delete()
        return prompt_make_default(prompt_id=tutor.pk)

    in_parallel(2, act)

    assert len(defaults()) == 1


def test_default_prompt_costs_one_query(default_assistant, settings, django_assert_num_queries):
    settings.DEFAULT_SYSTEM_PROMPT = ""
    with django_assert_num_queries(1):
        assert default_system_prompt() == "You are a helpful AI assistant."


def test_setting_goes_before_the_template(default_assistant, settings, django_assert_num_queries):
    settings.DEFAULT_SYSTEM_PROMPT = "Be kind."
    with django_assert_num_queries(0):
        assert default_system_prompt() == "Be kind."


def test_variables_of_the_default_are_left_empty(default_assistant, settings):
    settings.DEFAULT_SYSTEM_PROMPT = ""
    changes = {"content": "Help{{#user_name}} {{user_name}}{{/user_name}}."}
    prompt_change(prompt_id=default_assistant.pk, author_id=None, changes=changes)

    assert default_system_prompt() == "Help."


def test_emptied_database_has_no_default(db, settings):
    settings.DEFAULT_SYSTEM_PROMPT = ""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE prompts_systemprompttemplate CASCADE")

    assert default_system_prompt() == ""
    with pytest.raises(NotFound) as caught:
        SystemPromptTemplate.get_default()
    assert caught.value.code == "no_default_prompt"
