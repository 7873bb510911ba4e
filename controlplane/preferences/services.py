"""Changing preferences, and the limits by services of their own: those are for administrators alone."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from controlplane.errors import NotFound
from controlplane.language_models.selection import model_require_allowed
from controlplane.preferences.models import LIMITS, GroupLimits, UsageLimits, UserPreference

SETTINGS: Final = (
    "default_model",
    "default_temperature",
    "default_max_tokens",
    "enable_auto_summarization",
    "summarization_threshold",
    "custom_system_prompt",
    "theme",
    "language",
    "timezone",
    "enable_streaming",
)

Limited = TypeVar("Limited", bound=UsageLimits)


def preference_change(*, user_id: UUID, changes: Mapping[str, Any]) -> UserPreference:
    """Change what a user may set themselves (`SETTINGS`), in one transaction; seen at once everywhere.

    Raises NotFound, ValidationError, Invalid `model_not_allowed`.
    """
    _require_names(changes, SETTINGS)
    with transaction.atomic():
        preferences = _lock(user_id)
        if changes.get("default_model"):
            model_require_allowed(changes["default_model"], field="default_model")
        return _change(preferences, changes)


def user_limits_change(*, user_id: UUID, limits: Mapping[str, Any]) -> UserPreference:
    """Change a user's own limits (`LIMITS`) for an administrator, in one transaction.

    They hold from the next message and model call on. Raises NotFound, ValidationError.
    """
    _require_names(limits, LIMITS)
    with transaction.atomic():
        return _change(_lock(user_id), limits)


def group_limits_change(*, group_id: int, limits: Mapping[str, Any]) -> GroupLimits:
    """Change the limits of a group (`LIMITS`) for an administrator, in one transaction.

    Raises ValidationError.
    """
    _require_names(limits, LIMITS)
    with transaction.atomic():
        GroupLimits.objects.bulk_create([GroupLimits(group_id=group_id)], ignore_conflicts=True)
        return _set(GroupLimits.objects.select_for_update().get(pk=group_id), limits, [])


def _lock(user_id: UUID) -> UserPreference:
    row = UserPreference.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if row is None:
        raise NotFound("There is no such user.", code="user_not_found")
    return row


def _change(preferences: UserPreference, changes: Mapping[str, Any]) -> UserPreference:
    if not changes:
        return preferences
    preferences.updated_at = timezone.now()
    return _set(preferences, changes, ["updated_at"])


def _set(row: Limited, changes: Mapping[str, Any], others: list[str]) -> Limited:
    for name, value in changes.items():
        setattr(row, name, value)
    row.full_clean(exclude=_unchanged(row, changes), validate_unique=False, validate_constraints=False)
    row.save(update_fields=[*changes, *others])
    return row


def _unchanged(row: Model, changes: Mapping[str, Any]) -> set[str]:
    # What was allowed once, as a language that is spoken no more, does not stand in the way of the rest.
    return {field.name for field in row._meta.fields} - set(changes)


def _require_names(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if strange := sorted(set(given) - set(known)):
        raise ValueError(f"not to be set here: {', '.join(strange)}")
