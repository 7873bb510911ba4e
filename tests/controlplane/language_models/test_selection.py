"""Which models may be used, and which one is taken where none is named."""

import pytest
from django.db import IntegrityError, transaction

from controlplane.errors import Invalid
from controlplane.language_models.models import AllowedModel
from controlplane.language_models.selection import (
    allowed_models,
    default_model_name,
    model_is_allowed,
    model_require_allowed,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house(settings) -> None:
    settings.DEFAULT_MODEL = "house-model"


def test_fresh_installation_allows_the_default_of_the_settings_alone():
    assert default_model_name() == "house-model"
    assert model_is_allowed("house-model")
    assert not model_is_allowed("gpt-4o")
    assert list(allowed_models()) == []


def test_active_rows_are_allowed_and_others_are_not():
    AllowedModel.objects.create(name="open", is_active=True)
    AllowedModel.objects.create(name="closed")

    assert model_is_allowed("open")
    assert not model_is_allowed("closed")
    assert [model.name for model in allowed_models()] == ["open"]


def test_row_that_is_not_active_forbids_the_default_of_the_settings():
    AllowedModel.objects.create(name="house-model")

    assert not model_is_allowed("house-model")


def test_default_of_the_list_goes_before_that_of_the_settings():
    AllowedModel.objects.create(name="listed", is_active=True, is_default=True)

    assert default_model_name() == "listed"
    assert model_is_allowed("house-model")


@pytest.mark.parametrize("name", ["gpt-4o", "", "house-model\x00", "HOUSE-MODEL"], ids=repr)
def test_refusal_names_the_field(name):
    with pytest.raises(Invalid) as refused:
        model_require_allowed(name, field="default_model")

    assert refused.value.code == "model_not_allowed"
    assert refused.value.fields == {"default_model": ["This model is not on the list of allowed models."]}


def test_allowed_model_passes():
    model_require_allowed("house-model")


def test_questions_take_one_query(django_assert_num_queries):
    AllowedModel.objects.create(name="open", is_active=True, is_default=True)

    with django_assert_num_queries(1):
        model_require_allowed("open")
    with django_assert_num_queries(1):
        default_model_name()


def test_database_takes_one_default_only():
    AllowedModel.objects.create(name="first", is_active=True, is_default=True)

    with pytest.raises(IntegrityError, match="language_models_one_default"), transaction.atomic():
        AllowedModel.objects.create(name="second", is_active=True, is_default=True)


def test_database_takes_no_default_that_is_not_active():
    with pytest.raises(IntegrityError, match="language_models_default_is_active"), transaction.atomic():
        AllowedModel.objects.create(name="first", is_default=True)
