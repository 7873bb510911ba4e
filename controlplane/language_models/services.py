"""What administrators do to the list of models; at every moment one of them at most is the default."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from controlplane.errors import Conflict, NotFound
from controlplane.language_models.models import AllowedModel


def model_add(*, name: str, **fields: Any) -> AllowedModel:
    """Put a model on the list. Raises ValidationError, also for a name that is there already."""
    model = AllowedModel(name=name, **fields)
    model.full_clean()
    model.save(force_insert=True)
    return model


def model_change(*, model_id: int, changes: Mapping[str, Any]) -> AllowedModel:
    """Change what the list says of a model, in one transaction; its name stays.

    Raises NotFound, ValidationError, and Conflict for the default when it would not be active any more.
    """
    with transaction.atomic():
        model = AllowedModel.objects.select_for_update().filter(pk=model_id).first()
        if model is None:
            raise NotFound("There is no such model.")
        if model.is_default and not changes.get("is_active", True):
            raise Conflict("Make another model the default first.", code="model_is_default")
        for name, value in changes.items():
            setattr(model, name, value)
        model.full_clean(validate_unique=False)
        model.save(update_fields=[*changes, "updated_at"])
    return model


def model_set_default(*, model_id: int) -> AllowedModel:
    """Make a model the default in place of the one that was, both or neither, and activate it.

    Raises NotFound.
    """
    with transaction.atomic():
        # All rows, in one order: of two that choose at once, the second waits for the first.
        known = {model.pk: model for model in AllowedModel.objects.select_for_update().order_by("pk")}
        if model_id not in known:
            raise NotFound("There is no such model.")
        AllowedModel.objects.filter(is_default=True).exclude(pk=model_id).update(is_default=False)
        model = known[model_id]
        model.is_default = model.is_active = True
        model.save(update_fields=["is_default", "is_active", "updated_at"])
    return model


def models_activate(*, model_ids: Iterable[int]) -> int:
    """Let models be used; returns how many could not be before."""
    return AllowedModel.objects.filter(pk__in=model_ids, is_active=False).update(is_active=True)


def models_deactivate(*, model_ids: Iterable[int]) -> int:
    """Let models be used no longer, the default apart; returns how many could be before."""
    chosen = AllowedModel.objects.active().filter(pk__in=model_ids, is_default=False)
    return chosen.update(is_active=False)


def models_remove(*, model_ids: Iterable[int]) -> int:
    """Take models off the list, the default apart; returns how many were on it."""
    return AllowedModel.objects.filter(pk__in=model_ids, is_default=False).delete()[0]
