"""Making, changing and restoring templates; what each has said is kept."""

import pytest
from django.core.exceptions import ValidationError

from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.prompts.models import PromptVersion, SystemPromptTemplate
from controlplane.prompts.services import prompt_change, prompt_delete, prompt_restore
from tests.controlplane.in_parallel import in_parallel


def said(template) -> list[tuple[int, str]]:
    return list(
        PromptVersion.objects.filter(template=template).order_by("number").values_list("number", "content")
    )


def test_variables_follow_the_content(make_prompt, user):
    template = make_prompt()
    assert template.variables == ["topic"]

    changed = prompt_change(
        prompt_id=template.pk, author_id=user.pk, changes={"content": "{{b}}{{a}}", "variables": ["a", "b"]}
    )

    assert changed.variables == SystemPromptTemplate.objects.get(pk=template.pk).variables == ["b", "a"]


def test_variables_that_do_not_agree_are_refused(make_prompt, user):
    template = make_prompt()

    with pytest.raises(Invalid) as caught:
        prompt_change(
            prompt_id=template.pk, author_id=user.pk, changes={"content": "{{a}}", "variables": ["b"]}
        )

    assert caught.value.fields == {"variables": ["The variables of the content are: a."]}
    assert said(template) == [(1, "You teach {{topic}}.")]
    assert SystemPromptTemplate.objects.get(pk=template.pk).content == "You teach {{topic}}."


def test_row_that_is_made_without_the_service_has_its_variables(user):
    template = SystemPromptTemplate.objects.create(name="A", slug="a", content="{{a}}", variables=["b"])
    [bulk] = SystemPromptTemplate.objects.bulk_create(
        [SystemPromptTemplate(name="B", slug="b", content="{{c}}")]
    )

    assert (template.variables, bulk.variables) == (["a"], ["c"])
    with pytest.raises(Invalid):
        SystemPromptTemplate.objects.create(name="C", slug="c", content="{{a.b}}")


def test_each_new_content_is_a_version(make_prompt, user, stranger):
    template = make_prompt()
    for content in ("Two.", "Two.", "Three."):
        prompt_change(prompt_id=template.pk, author_id=stranger.pk, changes={"content": content})
    prompt_change(prompt_id=template.pk, author_id=user.pk, changes={"name": "Teacher"})

    assert said(template) == [(1, "You teach {{topic}}."), (2, "Two."), (3, "Three.")]
    authors = template.versions.order_by("number").values_list("author_id", flat=True)
    assert list(authors) == [user.pk, stranger.pk, stranger.pk]


def test_restored_version_is_a_new_one(make_prompt, user):
    template = make_prompt()
    prompt_change(prompt_id=template.pk, author_id=user.pk, changes={"content": "Two."})

    restored = prompt_restore(prompt_id=template.pk, number=1, author_id=user.pk)
    again = prompt_restore(prompt_id=template.pk, number=1, author_id=user.pk)

    assert (restored.version, restored.content, restored.variables) == (3, "You teach {{topic}}.", ["topic"])
    assert again.version == 3
    with pytest.raises(NotFound):
        prompt_restore(prompt_id=template.pk, number=4, author_id=user.pk)


def test_first_words_are_kept_of_a_row_made_without_the_service(user):
    template = SystemPromptTemplate.objects.create(name="A", slug="a", content="One.")

    prompt_change(prompt_id=template.pk, author_id=user.pk, changes={"content": "Two."})

    assert said(template) == [(1, "One."), (2, "Two.")]


def test_slug_is_made_of_the_name(make_prompt):
    slugs = [make_prompt(name).slug for name in ("My Tutor!", "My Tutor!", "教師")]

    assert (slugs[0], slugs[1][:9], len(slugs[1]), slugs[2]) == ("my-tutor", "my-tutor-", 17, "prompt")


def test_slug_is_taken_for_one_owner_only(make_prompt, user, stranger):
    first, second = make_prompt(slug="tea"), make_prompt(slug="coffee")
    make_prompt(owner=stranger, slug="tea")
    make_prompt(owner=None, slug="tea")

    with pytest.raises(Conflict) as caught:
        make_prompt(slug="tea")
    assert caught.value.code == "slug_taken"
    with pytest.raises(Conflict):
        prompt_change(prompt_id=second.pk, author_id=user.pk, changes={"slug": "tea"})
    with pytest.raises(Conflict):
        make_prompt(owner=None, slug="tea")
    assert SystemPromptTemplate.objects.filter(slug="tea", owner=user).get() == first


@pytest.mark.parametrize(
    "settings",
    [
        {"content": "{{a.b}}"},
        {"content": ""},
        {"content": "x" * 20_001},
        {"category": "tea"},
        {"slug": "a b"},
    ],
    ids=["malformed", "empty", "long", "category", "slug"],
)
def test_wrong_field_is_named(make_prompt, settings):
    with pytest.raises(ValidationError) as caught:
        make_prompt(**settings)
    assert list(caught.value.message_dict) == list(settings)


def test_deleted_template_takes_its_versions_along(make_prompt):
    template = make_prompt()
    prompt_delete(prompt_id=template.pk)

    assert not PromptVersion.objects.filter(content="You teach {{topic}}.").exists()
    with pytest.raises(NotFound):
        prompt_delete(prompt_id=template.pk)


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_are_versions_one_by_one(make_prompt, user):
    template = make_prompt()

    def change(number: int) -> int:
        return prompt_change(
            prompt_id=template.pk, author_id=user.pk, changes={"content": f"Take {number}."}
        ).version

    assert sorted(in_parallel(8, change)) == list(range(2, 10))
    assert [number for number, _ in said(template)] == list(range(1, 10))
