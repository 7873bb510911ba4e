"""Answers which models may be used, and which one is taken where none is named."""

from collections.abc import Collection

from django.conf import settings

from controlplane.errors import Invalid
from controlplane.language_models.models import AllowedModel, AllowedModelQuerySet


def allowed_models() -> AllowedModelQuerySet:
    """Give the models that may be used; see also model_allowed_without_row."""
    return AllowedModel.objects.active()


def default_model_name() -> str:
    """Give the model that is taken where none is named: the list's default, else that of the settings."""
    name = AllowedModel.objects.default().values_list("name", flat=True).first()
    return name or settings.DEFAULT_MODEL


def model_allowed_without_row() -> str | None:
    """Give the default of the settings where the list does not know it, else None."""
    name: str = settings.DEFAULT_MODEL
    return None if AllowedModel.objects.filter(name=name).exists() else name


def model_is_allowed(name: str) -> bool:
    """Say whether a model may be used.

    It needs an active row; the default of the settings needs none, so that a fresh installation works, but
    a row of its own that is not active forbids it as well.
    """
    if "\x00" in name:
        return False
    is_active = AllowedModel.objects.filter(name=name).values_list("is_active", flat=True).first()
    if is_active is None:
        return bool(name == settings.DEFAULT_MODEL)
    return is_active


def model_require_allowed(name: str, *, field: str = "model_name") -> None:
    """Raise Invalid `model_not_allowed`, naming the field, unless a model may be used."""
    if not model_is_allowed(name):
        raise Invalid(
            "This model may not be used.",
            code="model_not_allowed",
            fields={field: ["This model is not on the list of allowed models."]},
        )


def context_lengths(names: Collection[str]) -> dict[str, int | None]:
    """Give the context lengths of the models that the list knows, as far as it knows them."""
    listed = AllowedModel.objects.filter(name__in=[name for name in names if "\x00" not in name])
    return dict(listed.values_list("name", "context_length"))
