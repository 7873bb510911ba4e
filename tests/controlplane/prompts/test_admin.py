"""What administrators do to templates: by the services, so with the same consequences."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controlplane.accounts.models import CustomUser
from controlplane.prompts.models import PromptVersion, SystemPromptTemplate
from controlplane.prompts.services import prompt_change

TEMPLATES = "admin:prompts_systemprompttemplate_"


@pytest.fixture
def office(make_user) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


def form(**fields: object) -> dict[str, object]:
    """What the form sends; versions are only shown in it."""
    counts = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    return {"name": "Tutor", "slug": "tutor", "content": "Hi.", "category": "general", **counts, **fields}


def act(office, action: str, *templates: SystemPromptTemplate):
    keys = [str(template.pk) for template in templates]
    address = reverse(f"{TEMPLATES}changelist")
    return office.post(address, {"action": action, "_selected_action": keys}, follow=True)


def change(office, template, **fields: object):
    return office.post(reverse(f"{TEMPLATES}change", args=[template.pk]), form(**fields))


def test_new_template_is_the_house_s(office):
    readers = Group.objects.create(name="readers")

    page = office.post(
        reverse(f"{TEMPLATES}add"), form(is_public="on", shared_with_groups=[readers.pk], content="{{a}}")
    )

    assert page.status_code == 302
    template = SystemPromptTemplate.objects.get(slug="tutor")
    assert (template.owner, template.is_public, template.variables) == (None, True, ["a"])
    assert template.sharing == {"users": [], "groups": [readers.pk]}
    assert template.versions.get().author == CustomUser.objects.get(email="admin@example.com")


def test_new_content_is_a_version(office, make_prompt, user):
    template = make_prompt()

    page = change(office, template, content="Two.")

    assert page.status_code == 302
    template.refresh_from_db()
    assert (template.content, template.version, template.owner) == ("Two.", 2, user)
    assert list(template.versions.values_list("number", flat=True).order_by("number")) == [1, 2]


def test_page_that_was_saved_untouched_changes_nothing(office, make_prompt):
    template = make_prompt(content="Hi.")
    before = SystemPromptTemplate.objects.values().get(pk=template.pk)

    assert change(office, template).status_code == 302
    after = SystemPromptTemplate.objects.values().get(pk=template.pk)
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param({"content": "{{a.b}}"}, "no tag that is offered", id="malformed"),
        pytest.param({"slug": "taken"}, "There is a template with this slug already.", id="slug"),
        pytest.param({"name": ""}, "This field is required.", id="name"),
    ],
)
def test_wrong_field_is_named_and_nothing_changes(office, make_prompt, fields, complaint):
    template = make_prompt()
    make_prompt("Other", slug="taken")
    before = SystemPromptTemplate.objects.values().get(pk=template.pk)

    page = change(office, template, **fields)

    assert (page.status_code, complaint in page.text) == (200, True)
    assert SystemPromptTemplate.objects.values().get(pk=template.pk) == before


def test_default_is_switched(office, default_assistant, make_prompt, settings):
    settings.DEFAULT_SYSTEM_PROMPT = "Be kind."
    tutor = make_prompt(owner=None)

    page = act(office, "make_default", tutor)

    assert "Tutor is the default now." in page.text
    assert "The setting DEFAULT_SYSTEM_PROMPT still goes before it." in page.text
    assert SystemPromptTemplate.get_default() == tutor


def test_default_is_one_and_the_house_s(office, default_assistant, make_prompt):
    one, other = make_prompt(owner=None), make_prompt("Coder", owner=None)

    assert "Choose one template." in act(office, "make_default", one, other).text
    assert "There is no such template of the house" in act(office, "make_default", make_prompt()).text
    assert SystemPromptTemplate.get_default() == default_assistant


def test_default_stays_public_and_undeleted(office, default_assistant):
    fields = {"name": default_assistant.name, "slug": default_assistant.slug}
    page = change(office, default_assistant, content=default_assistant.content, **fields)
    assert "Make another template the default first." in page.text
    deletion = reverse(f"{TEMPLATES}delete", args=[default_assistant.pk])
    assert office.post(deletion, {"post": "yes"}).status_code == 403

    chosen = {"action": "delete_selected", "_selected_action": [str(default_assistant.pk)], "post": "yes"}
    office.post(reverse(f"{TEMPLATES}changelist"), chosen)

    assert SystemPromptTemplate.get_default() == default_assistant


def test_others_are_deleted(office, make_prompt):
    one, other = make_prompt(), make_prompt("Coder")
    office.post(reverse(f"{TEMPLATES}delete", args=[one.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [str(other.pk)], "post": "yes"}
    office.post(reverse(f"{TEMPLATES}changelist"), chosen)

    assert not SystemPromptTemplate.objects.filter(pk__in=[one.pk, other.pk]).exists()


def test_preview_shows_names_for_values(office, make_prompt):
    template = make_prompt(content="You teach {{topic}} & <b>more</b>.")

    page = act(office, "preview", template)
    detail = office.get(reverse(f"{TEMPLATES}change", args=[template.pk]))

    for shown in (page, detail):
        assert "You teach &lt;topic&gt; &amp; &lt;b&gt;more&lt;/b&gt;." in shown.text


def test_version_is_restored(office, make_prompt, user):
    template = make_prompt()
    prompt_change(prompt_id=template.pk, author_id=user.pk, changes={"content": "Two."})
    first = template.versions.get(number=1)

    address = reverse("admin:prompts_promptversion_changelist")
    page = office.post(address, {"action": "restore", "_selected_action": [str(first.pk)]}, follow=True)

    assert "Restored 1 version." in page.text
    template.refresh_from_db()
    assert (template.version, template.content) == (3, "You teach {{topic}}.")
    assert PromptVersion.objects.filter(template=template).count() == 3


@pytest.mark.parametrize("page", ["systemprompttemplate", "promptversion", "promptrating"])
def test_lists_cost_the_same_for_three_and_for_thirty(office, make_prompt, user, page):
    def queries(count: int) -> int:
        for number in range(count):
            make_prompt(f"T{number}")
        with CaptureQueriesContext(connection) as found:
            assert office.get(reverse(f"admin:prompts_{page}_changelist")).status_code == 200
        return len(found)

    assert queries(3) == queries(27)


def test_page_costs_the_same_for_few_and_many_versions(office, make_prompt, user, stranger):
    template = make_prompt()

    def queries(count: int) -> int:
        for number in range(count):
            author = (user, stranger)[number % 2]
            changes = {"content": f"Take {template.versions.count()}."}
            prompt_change(prompt_id=template.pk, author_id=author.pk, changes=changes)
        with CaptureQueriesContext(connection) as found:
            assert office.get(reverse(f"{TEMPLATES}change", args=[template.pk])).status_code == 200
        return len(found)

    queries(1)  # what a process looks up once and remembers
    assert queries(3) == queries(27)
