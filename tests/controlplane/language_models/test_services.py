"""Changing the list: one default at every moment, and nothing usable that nobody chose."""

import pytest
from django.core.exceptions import ValidationError

from controlplane.errors import Conflict, NotFound
from controlplane.language_models import services
from controlplane.language_models.models import AllowedModel
from controlplane.language_models.selection import default_model_name
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def models(db) -> list[AllowedModel]:
    return [services.model_add(name=name, is_active=True) for name in ("a", "b", "c")]


def test_default_is_switched_and_activated(models):
    first, second, _ = models
    services.model_set_default(model_id=first.pk)
    services.models_deactivate(model_ids=[second.pk])

    services.model_set_default(model_id=second.pk)

    assert list(AllowedModel.objects.filter(is_default=True)) == [second]
    assert AllowedModel.objects.get(pk=second.pk).is_active
    assert default_model_name() == "b"


def test_unknown_model_cannot_be_the_default(models):
    services.model_set_default(model_id=models[0].pk)

    with pytest.raises(NotFound):
        services.model_set_default(model_id=0)
    assert default_model_name() == "a"


@pytest.mark.django_db(transaction=True)
def test_choosing_at_once_leaves_one_default(models):
    results = in_parallel(6, lambda number: services.model_set_default(model_id=models[number % 3].pk).name)

    assert sorted(results) == ["a", "a", "b", "b", "c", "c"]
    assert AllowedModel.objects.filter(is_default=True).count() == 1


def test_default_stays_active_and_on_the_list(models):
    default = services.model_set_default(model_id=models[0].pk)

    with pytest.raises(Conflict) as refused:
        services.model_change(model_id=default.pk, changes={"is_active": False})
    assert refused.value.code == "model_is_default"
    assert services.models_deactivate(model_ids=[default.pk]) == 0
    assert services.models_remove(model_ids=[default.pk, models[1].pk]) == 1
    assert list(AllowedModel.objects.order_by("name").values_list("name", "is_active")) == [
        ("a", True),
        ("c", True),
    ]


@pytest.mark.parametrize("name", ["", " a", "a ", "a\x00b", "a\nb", "x" * 201, "a"], ids=repr)
def test_name_that_nobody_could_ask_for_is_refused(models, name):
    with pytest.raises(ValidationError) as refused:
        services.model_add(name=name)
    assert list(refused.value.message_dict) == ["name"]
    assert AllowedModel.objects.count() == 3


def test_facts_are_changed_and_checked(models):
    changed = services.model_change(model_id=models[0].pk, changes={"context_length": 8000})

    assert AllowedModel.objects.get(pk=changed.pk).context_length == 8000
    with pytest.raises(ValidationError):
        services.model_change(model_id=changed.pk, changes={"context_length": 0})
    with pytest.raises(NotFound):
        services.model_change(model_id=0, changes={"context_length": 8000})


def test_many_are_activated_at_once(db):
    ids = [services.model_add(name=name).pk for name in "ab"]

    assert services.models_activate(model_ids=ids) == 2
    assert services.models_activate(model_ids=ids) == 0
