"""Changing preferences, and the limits by services of their own: those are for administrators alone."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from controlplane.audit.comparison import differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import NotFound
from controlplane.language_models.selection import model_require_allowed
from controlplane.preferences.models import LIMITS, GroupLimits, UsageLimits, UserPreference

SETTINGS: Final = (
    "default_model",
    "default_temperature",
    "default_max_tokens",
    "enable_auto_summarization",
    "summarization_threshold",
    "summarization_model",
    "custom_system_prompt",
    "theme",
    "language",
    "timezone",
    "enable_streaming",
    "multitask_strategy",
)

Limited = TypeVar("Limited", bound=UsageLimits)


def preference_change(
    *, user_id: UUID, changes: Mapping[str, Any], actor_id: UUID | None = None
) -> UserPreference:
    """Change what a user may set themselves (`SETTINGS`), in one transaction; seen at once everywhere.

    `actor_id` names who does it for the user, which is recorded.
    Raises NotFound, ValidationError, Invalid `model_not_allowed`.
    """
    _require_names(changes, SETTINGS)
    with transaction.atomic():
        preferences = _lock(user_id)
        if changes.get("default_model"):
            model_require_allowed(changes["default_model"], field="default_model")
        if changes.get("summarization_model"):
            model_require_allowed(changes["summarization_model"], field="summarization_model")
        before = state_of(preferences, changes)
        changed = _change(preferences, changes)
        if actor_id not in (None, user_id):
            _note(Action.PREFERENCES_CHANGE, changed, before, actor_id)
        return changed


def user_limits_change(
    *, user_id: UUID, limits: Mapping[str, Any], actor_id: UUID | None = None
) -> UserPreference:
    """Change a user's own limits (`LIMITS`) for an administrator, in one transaction.

    They hold from the next message and model call on. Raises NotFound, ValidationError.
    """
    _require_names(limits, LIMITS)
    with transaction.atomic():
        preferences = _lock(user_id)
        before = state_of(preferences, limits)
        changed = _change(preferences, limits)
        _note(Action.LIMITS_CHANGE, changed, before, actor_id)
        return changed


def group_limits_change(
    *, group_id: int, limits: Mapping[str, Any], actor_id: UUID | None = None
) -> GroupLimits:
    """Change the limits of a group (`LIMITS`) for an administrator, in one transaction.

    Raises ValidationError.
    """
    _require_names(limits, LIMITS)
    with transaction.atomic():
        GroupLimits.objects.bulk_create([GroupLimits(group_id=group_id)], ignore_conflicts=True)
        row = GroupLimits.objects.select_for_update().get(pk=group_id)
        before = state_of(row, limits)
        changed = _set(row, limits, [])
        _note(Action.LIMITS_CHANGE, changed, before, actor_id)
        return changed


def _lock(user_id: UUID) -> UserPreference:
    row = UserPreference.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if row is None:
        raise NotFound("There is no such user.", code="user_not_found")
    return row


def _note(action: Action, row: UsageLimits, before: Mapping[str, Any], actor_id: UUID | None) -> None:
    changes = differences(before, state_of(row, before), concealed=("custom_system_prompt",))
    concerns_id = row.user_id if isinstance(row, UserPreference) else None
    if changes:
        entry_add(action, subject=row, actor_id=actor_id, concerns_id=concerns_id, changes=changes)


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
