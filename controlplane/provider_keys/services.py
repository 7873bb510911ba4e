"""Writes users' keys: taken over sealed, changed, switched off and erased; one default per provider."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from controlplane.audit.comparison import ADDED, CHANGED, REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.providers import addresses_of, known_providers
from controlplane.provider_keys.validation import INVALID_KEY

CHANGEABLE: Final = (
    "key_name",
    "base_url",
    "is_active",
    "is_default",
    "use_for_runs",
    "may_use_house_key",
    "daily_limit",
    "monthly_limit",
)
SEALED: Final = (
    "encrypted_key",
    "key_version",
    "key_prefix",
    "last_four",
    "entered_at",
    "is_unreadable",
    "is_validated",
    "last_validated_at",
    "validation_error",
    "refused_at",
)
# Each change of one locks them all.
MOST_KEYS: Final = 50
# Of two who make a key the default at once, the second tries again and finds the first one's.
TRIES: Final = 3


@sensitive_variables("api_key")
def key_create(
    *, user_id: UUID, provider: str, api_key: str, is_default: bool | None = None, **settings: Any
) -> UserAPIKey:
    """Take over a key. Unless it is said, the first one of a provider becomes the default.

    Raises Invalid, Conflict `too_many_keys`.
    """
    key = UserAPIKey(user_id=user_id, provider=provider, **settings)
    _require_address(key)
    key.encrypt_api_key(api_key)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return _insert(key, is_default=is_default)
        except IntegrityError:
            continue
    raise Conflict("Other keys of this provider were changed meanwhile. Try again.", code="key_busy")


@sensitive_variables("changes", "api_key")
def key_change(*, key_id: UUID, user_id: UUID, changes: Mapping[str, Any]) -> UserAPIKey:
    """Change what is named; a new `api_key` takes the old one's place. Raises NotFound, Invalid."""
    with transaction.atomic():
        key = _lock(key_id=key_id, user_id=user_id)
        before = state_of(key, CHANGEABLE)
        for name in CHANGEABLE:
            if name in changes:
                setattr(key, name, changes[name])
        if "base_url" in changes:
            _require_address(key)
        if "api_key" in changes:
            key.encrypt_api_key(changes["api_key"])
        if key.is_default:
            _others_of(key).update(is_default=False)
        sealed = SEALED if "api_key" in changes else ()
        # Not what settlement counts meanwhile.
        key.save(update_fields=[*CHANGEABLE, *sealed, "updated_at"])
        changed = differences(before, state_of(key, CHANGEABLE), concealed=("key_name",))
        if sealed:
            changed["api_key"] = CHANGED
        if changed:
            _note(Action.KEY_CHANGE, key, changed)
    return key


def key_delete(*, key_id: UUID, user_id: UUID) -> None:
    """Erase a key; a row without it stays for the bills that name it. Raises NotFound."""
    with transaction.atomic():
        key = _lock(key_id=key_id, user_id=user_id)
        now = timezone.now()
        UserAPIKey.objects.filter(pk=key.pk).update(
            deleted_at=now,
            updated_at=now,
            encrypted_key="",
            key_version="",
            key_prefix="",
            last_four="",
            key_name="",
            is_active=False,
            is_default=False,
            is_validated=False,
            refused_at=None,
        )
        _note(Action.KEY_DELETE, key, REMOVED)


def key_validate(*, key_id: UUID, user_id: UUID) -> tuple[UserAPIKey, dict[str, Any]]:
    """Ask the provider about a key, outside of any transaction. Raises NotFound."""
    key = _of_user(user_id).filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is nothing here.")
    return key, key.validate_key()


def key_refuse(*, key_id: UUID, version: str, called_at: datetime) -> bool:
    """Note that the provider did not accept a key in a call; joins the caller's transaction.

    Returns whether it is news: another text may have been entered since, or this one found good.
    """
    existing = UserAPIKey.objects.existing().select_for_update(of=("self",), no_key=True)
    key = existing.filter(pk=key_id, refused_at__isnull=True).first()
    if key is None or key.version != version:
        return False
    if key.is_validated and key.last_validated_at is not None and key.last_validated_at > called_at:
        return False
    key.is_validated, key.validation_error, key.refused_at = False, INVALID_KEY, timezone.now()
    key.save(update_fields=["is_validated", "validation_error", "refused_at"])
    entry_add(
        Action.KEY_CHANGE,
        subject=key,
        actor_id=None,
        concerns_id=key.user_id,
        changes={"refused_at": [None, key.refused_at.isoformat()]},
    )
    return True


def keys_deactivate(*, key_ids: list[UUID], actor_id: UUID | None = None) -> int:
    """Switch keys off, whosever they are; runs that use them end at their next call. Returns how many."""
    active = UserAPIKey.objects.usable().filter(pk__in=key_ids)
    with transaction.atomic():
        chosen = list(active.select_for_update(no_key=True).order_by("pk"))
        entries_add(
            Action.KEY_CHANGE,
            subjects=[(key, key.user_id) for key in chosen],
            actor_id=actor_id,
            changes={"is_active": [True, False]},
        )
        return active.update(is_active=False, updated_at=timezone.now())


def lock_keys_of(user_id: UUID) -> list[UserAPIKey]:
    """Lock all keys of a user, always in the same order: a change of the default writes more than one."""
    return list(_of_user(user_id).select_for_update(of=("self",), no_key=True).order_by("pk"))


def _insert(key: UserAPIKey, *, is_default: bool | None) -> UserAPIKey:
    has_default = any(one.is_default for one in lock_keys_of(key.user_id) if one.provider == key.provider)
    # Counted under the lock, which only shows what was there before it was waited for.
    if _of_user(key.user_id).count() >= MOST_KEYS:
        raise Conflict("Delete a key that you no longer need first.", code="too_many_keys")
    key.is_default = not has_default if is_default is None else is_default
    if key.is_default and has_default:
        _others_of(key).update(is_default=False)
    key.save(force_insert=True)
    _note(Action.KEY_ADD, key, ADDED)
    key.refresh_from_db(fields=["created_at"])
    return key


def _lock(*, key_id: UUID, user_id: UUID) -> UserAPIKey:
    key = next((one for one in lock_keys_of(user_id) if one.pk == key_id), None)
    if key is None:
        raise NotFound("There is nothing here.")
    return key


def _note(action: Action, key: UserAPIKey, changes: Mapping[str, Any]) -> None:
    # Owners alone write their keys.
    entry_add(action, subject=key, actor_id=key.user_id, concerns_id=key.user_id, changes=changes)


def _of_user(user_id: UUID) -> QuerySet[UserAPIKey]:
    return UserAPIKey.objects.owned_by(user_id).existing()


def _others_of(key: UserAPIKey) -> QuerySet[UserAPIKey]:
    others = _of_user(key.user_id).filter(provider=key.provider, is_default=True)
    return others.exclude(pk=key.pk)


def _require_address(key: UserAPIKey) -> None:
    listed = addresses_of(key.provider)
    if not listed:
        raise Invalid(
            "No keys of one's own can be used with this provider.",
            fields={"provider": [f"One of: {', '.join(known_providers())}."]},
        )
    if key.base_url and key.base_url not in listed:
        raise Invalid(
            "Keys may not be used at this address.", fields={"base_url": [f"One of: {', '.join(listed)}."]}
        )
