"""Seeing, sharing, rating and using templates."""

import uuid
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from controlplane.errors import Invalid, NotFound
from controlplane.prompts.models import PromptRating, SystemPromptTemplate
from controlplane.prompts.reception import prompt_note_use, prompt_rate, prompt_share
from tests.controlplane.in_parallel import in_parallel


def seen_by(person) -> set[str]:
    return set(SystemPromptTemplate.objects.visible_to(person.pk).values_list("name", flat=True))


def test_public_own_and_shared_ones_are_seen(default_assistant, make_prompt, user, stranger):
    readers = Group.objects.create(name="readers")
    user.groups.add(readers)
    stranger.groups.add(readers)
    make_prompt("Private")
    both = make_prompt("Twice")
    prompt_share(prompt_id=both.pk, users=[stranger.pk], groups=[readers.pk], sharer_id=user.pk)

    assert seen_by(user) == {"Default Assistant", "Private", "Twice"}
    assert seen_by(stranger) == {"Default Assistant", "Twice"}
    shared = SystemPromptTemplate.objects.shared_with
    assert (list(shared(stranger.pk)), list(shared(user.pk))) == ([both], [])


def test_sharing_takes_the_place_of_what_was(make_prompt, user, stranger):
    template = make_prompt()
    prompt_share(prompt_id=template.pk, users=[stranger.pk], groups=[], sharer_id=user.pk)
    prompt_share(prompt_id=template.pk, users=[], groups=[], sharer_id=user.pk)

    assert template.sharing == {"users": [], "groups": []}
    assert not SystemPromptTemplate.objects.visible_to(stranger.pk).filter(pk=template.pk).exists()


def test_unknown_people_and_foreign_groups_are_named(make_prompt, user, make_user):
    template, foreign, nobody = make_prompt(), Group.objects.create(name="board"), uuid4()
    gone = make_user("gone@example.com", is_active=False)

    for sharing, field in (
        ({"users": [nobody], "groups": []}, "shared_with.users"),
        ({"users": [gone.pk], "groups": []}, "shared_with.users"),
        ({"users": [], "groups": [foreign.pk]}, "shared_with.groups"),
    ):
        with pytest.raises(Invalid) as caught:
            prompt_share(prompt_id=template.pk, sharer_id=user.pk, **sharing)
        assert list(caught.value.fields) == [field]
    assert template.sharing == {"users": [], "groups": []}
    prompt_share(prompt_id=template.pk, users=[], groups=[foreign.pk], sharer_id=None)
    assert template.sharing == {"users": [], "groups": [foreign.pk]}


def test_rating_is_one_per_user_and_changeable(default_assistant, user, stranger):
    prompt_rate(prompt_id=default_assistant.pk, rater_id=user.pk, stars=5)
    prompt_rate(prompt_id=default_assistant.pk, rater_id=stranger.pk, stars=2)
    rated = prompt_rate(prompt_id=default_assistant.pk, rater_id=stranger.pk, stars=4)

    assert (rated.rating, rated.rating_count, PromptRating.objects.count()) == (Decimal("4.50"), 2, 2)
    assert SystemPromptTemplate.objects.get(pk=rated.pk).rating == Decimal("4.50")


def test_rating_outlives_its_user(default_assistant, make_user):
    raters = [make_user(f"u{number}@example.com") for number in range(2)]
    for stars, rater in zip((1, 4), raters, strict=True):
        prompt_rate(prompt_id=default_assistant.pk, rater_id=rater.pk, stars=stars)
    for rater in raters:
        rater.delete()

    assert PromptRating.objects.filter(user=None).count() == 2
    assert SystemPromptTemplate.get_default().rating == Decimal("2.50")


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_stars_are_one_to_five(default_assistant, user, stars):
    with pytest.raises(ValidationError):
        prompt_rate(prompt_id=default_assistant.pk, rater_id=user.pk, stars=stars)
    assert PromptRating.objects.count() == 0


def test_what_is_not_seen_is_not_rated(make_prompt, stranger):
    template = make_prompt()

    # One that is not there looks the same: nobody learns which ids exist.
    for prompt_id in (template.pk, uuid.uuid4()):
        with pytest.raises(NotFound):
            prompt_rate(prompt_id=prompt_id, rater_id=stranger.pk, stars=1)
    assert PromptRating.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_ratings_and_uses_at_once_all_count(default_assistant, make_user):
    raters = [make_user(f"u{number}@example.com") for number in range(4)]

    def act(number: int) -> None:
        prompt_rate(prompt_id=default_assistant.pk, rater_id=raters[number % 4].pk, stars=1 + number % 4)
        prompt_note_use(prompt_id=default_assistant.pk)

    assert in_parallel(8, act) == [None] * 8

    template = SystemPromptTemplate.get_default()
    assert (template.rating, template.rating_count, template.usage_count) == (Decimal("2.50"), 4, 8)
    assert template.rating_total == sum(PromptRating.objects.values_list("stars", flat=True)) == 10
