"""Fills the list of models from genai-prices; what may be used stays the administrators' choice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.language_models.capabilities import is_seeing, is_text_only
from controlplane.language_models.models import AllowedModel
from controlplane.language_models.price_table import ListedModel, home_of, listed_models
from controlplane.language_models.services import SWITCHED_ON


@dataclass(frozen=True, kw_only=True)
class ModelImport:
    """What an import did, by names; `changed` says which fields, `kept` is held for another provider."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def models_import(*, provider: str = "", match: str = "", activate: bool = False) -> ModelImport:
    """Add the table's models to the list and bring their facts up to date, in one transaction.

    `match` is a pattern with `*` and `?`. New ones are inactive; `activate` activates all that are chosen,
    and nothing is ever switched off. Of a name that several providers have, the one is taken that the name
    alone leads to; a row stays with the provider that it has.
    """
    chosen = _one_per_name(
        model
        for model in listed_models()
        if provider in ("", model.provider) and (not match or fnmatchcase(model.name, match))
    )
    done = ModelImport()
    with transaction.atomic():
        rows = AllowedModel.objects.select_for_update().filter(name__in=chosen).order_by("pk")
        for row in rows:
            _refresh(row, chosen.pop(row.name), activate=activate, done=done)
        _add(chosen.values(), activate=activate, done=done)
    return done


def _one_per_name(models: Iterable[ListedModel]) -> dict[str, ListedModel]:
    found: dict[str, ListedModel] = {}
    for model in models:
        if model.name not in found or model.provider == home_of(model.name):
            found[model.name] = model
    return found


def _refresh(row: AllowedModel, listed: ListedModel, *, activate: bool, done: ModelImport) -> None:
    if row.provider not in ("", listed.provider):
        done.kept.append(row.name)
        return
    facts = _facts_of(listed)
    facts["display_name"] = row.display_name or facts["display_name"]
    facts["context_length"] = facts["context_length"] or row.context_length
    facts["is_active"] = row.is_active or activate
    changed = [name for name, value in facts.items() if getattr(row, name) != value]
    if not changed:
        done.unchanged.append(row.name)
        return
    for name in changed:
        setattr(row, name, facts[name])
    row.save(update_fields=[*changed, "updated_at"])
    if "is_active" in changed:
        # Facts are the table's; what may be used is somebody's decision.
        entry_add(Action.MODEL_CHANGE, subject=row, actor_id=None, changes=SWITCHED_ON)
    done.changed[row.name] = changed


def _add(models: Iterable[ListedModel], *, activate: bool, done: ModelImport) -> None:
    rows = [
        AllowedModel(
            name=model.name,
            is_active=activate,
            supports_tools=not is_text_only(model.name),
            supports_vision=is_seeing(model.name),
            **_facts_of(model),
        )
        for model in models
    ]
    rows = [row for row in rows if _is_valid(row)]
    # Of two imports at once, the second finds nothing left to add.
    AllowedModel.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    done.added.extend(row.name for row in rows)
    if activate:
        made = AllowedModel.objects.filter(name__in=[row.name for row in rows])
        entries_add(
            Action.MODEL_CHANGE, subjects=[(row, None) for row in made], actor_id=None, changes=SWITCHED_ON
        )


def _facts_of(model: ListedModel) -> dict[str, Any]:
    source = AllowedModel.PriceSource
    return {
        "provider": model.provider,
        "display_name": model.title[:200],
        "context_length": model.context_length,
        "price_source": source.HOUSE if model.name in settings.MODEL_PRICES else source.GENAI_PRICES,
    }


def _is_valid(row: AllowedModel) -> bool:
    """Whether the table's name is one that can be sent anywhere."""
    try:
        row.clean_fields()
    except ValidationError:
        return False
    return True
