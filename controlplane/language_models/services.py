"""What administrators do to the list of models; at every moment one of them at most is the default."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from controlplane.audit.comparison import ADDED, REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.errors import Conflict, NotFound
from controlplane.language_models.models import AllowedModel

SWITCHED_ON: Final = {"is_active": [False, True]}
SWITCHED_OFF: Final = {"is_active": [True, False]}


def model_add(*, name: str, actor_id: UUID | None = None, **fields: Any) -> AllowedModel:
    """Put a model on the list, in one transaction.

    Raises ValidationError, also for a name that is there already.
    """
    model = AllowedModel(name=name, **fields)
    model.full_clean()
    with transaction.atomic():
        model.save(force_insert=True)
        entry_add(Action.MODEL_CHANGE, subject=model, actor_id=actor_id, changes=ADDED)
    return model


def model_change(*, model_id: int, changes: Mapping[str, Any], actor_id: UUID | None = None) -> AllowedModel:
    """Change what the list says of a model, in one transaction; its name stays.

    Raises NotFound, ValidationError, and Conflict for the default when it would not be active any more.
    """
    with transaction.atomic():
        if "fallback" in changes:
            # All rows, in one order: two that change at once could close a ring between them.
            list(AllowedModel.objects.select_for_update().order_by("pk").values_list("pk"))
        model = AllowedModel.objects.select_for_update().filter(pk=model_id).first()
        if model is None:
            raise NotFound("There is no such model.")
        if model.is_default and not changes.get("is_active", True):
            raise Conflict("Make another model the default first.", code="model_is_default")
        before = state_of(model, changes)
        for name, value in changes.items():
            setattr(model, name, value)
        model.full_clean(validate_unique=False)
        model.save(update_fields=[*changes, "updated_at"])
        if changed := differences(before, state_of(model, changes)):
            entry_add(Action.MODEL_CHANGE, subject=model, actor_id=actor_id, changes=changed)
    return model


def model_set_default(*, model_id: int, actor_id: UUID | None = None) -> AllowedModel:
    """Make a model the default in place of the one that was, both or neither, and activate it.

    Raises NotFound.
    """
    with transaction.atomic():
        # All rows, in one order: of two that choose at once, the second waits for the first.
        known = {model.pk: model for model in AllowedModel.objects.select_for_update().order_by("pk")}
        if model_id not in known:
            raise NotFound("There is no such model.")
        model = known[model_id]
        before = state_of(model, ("is_default", "is_active"))
        AllowedModel.objects.filter(is_default=True).exclude(pk=model_id).update(is_default=False)
        model.is_default = model.is_active = True
        model.save(update_fields=["is_default", "is_active", "updated_at"])
        if changed := differences(before, state_of(model, before)):
            entry_add(Action.MODEL_CHANGE, subject=model, actor_id=actor_id, changes=changed)
    return model


def models_activate(*, model_ids: Iterable[int], actor_id: UUID | None = None) -> int:
    """Let models be used, in one transaction; returns how many could not be before."""
    with transaction.atomic():
        chosen = _noted(AllowedModel.objects.filter(is_active=False), model_ids, actor_id, SWITCHED_ON)
        return chosen.update(is_active=True)


def models_deactivate(*, model_ids: Iterable[int], actor_id: UUID | None = None) -> int:
    """Let models be used no longer, the default apart, in one transaction; returns how many could before."""
    with transaction.atomic():
        can_be = AllowedModel.objects.active().filter(is_default=False)
        return _noted(can_be, model_ids, actor_id, SWITCHED_OFF).update(is_active=False)


def models_remove(*, model_ids: Iterable[int], actor_id: UUID | None = None) -> int:
    """Take models off the list, the default apart, in one transaction; returns how many were on it."""
    with transaction.atomic():
        can_be = AllowedModel.objects.filter(is_default=False)
        return _noted(can_be, model_ids, actor_id, REMOVED).delete()[0]


def _noted(
    models: "QuerySet[AllowedModel]",
    model_ids: Iterable[int],
    actor_id: UUID | None,
    changes: Mapping[str, Any],
) -> "QuerySet[AllowedModel]":
    """Lock those of the named models that are meant, record the change, and give exactly them."""
    chosen = list(models.filter(pk__in=model_ids).select_for_update().order_by("pk"))
    subjects = [(model, None) for model in chosen]
    entries_add(Action.MODEL_CHANGE, subjects=subjects, actor_id=actor_id, changes=changes)
    return AllowedModel.objects.filter(pk__in=[model.pk for model in chosen])
