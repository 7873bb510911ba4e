"""Chooses the key of a run and opens it for one call; the house's key only where its owner agreed to it."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from controlplane.provider_keys.errors import KeyInactive, KeyRefused, KeyUnreadable
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.providers import provider_of_model


@dataclass(frozen=True, kw_only=True)
class OpenedKey:
    """A key in clear, for one call, and the address at which alone it may be used."""

    key: UserAPIKey
    api_key: str
    base_url: str

    def __repr__(self) -> str:
        return f"OpenedKey(key={self.key.pk})"


def key_for_run(*, user_id: UUID, model_name: str) -> UserAPIKey | None:
    """Choose the user's default key of the model's provider; None is the house's key.

    An unreadable one is chosen as well, so that the run ends with the reason: nobody's calls go to the house
    without their consent. Raises KeyRefused for one that its provider did not accept.
    """
    defaults = UserAPIKey.objects.owned_by(user_id).usable().filter(is_default=True, use_for_runs=True)
    keys = {key.provider: key for key in defaults}
    # Most users have none: whose model it is need not be known then.
    key = keys.get(provider_of_model(model_name)) if keys else None
    if key is None or (key.may_use_house_key and (key.refused_at is not None or _is_lost(key))):
        return None
    if key.refused_at is not None:
        raise KeyRefused(provider=key.provider)
    return key


@sensitive_variables("api_key")
def open_for_call(key: UserAPIKey, *, run_model: str, model_name: str) -> OpenedKey | None:
    """Open the key that a run's admission chose, for a call to one model; None is the house's key.

    Another provider's model is called with the house's key, since this one would mean nothing there.
    Raises KeyInactive, KeyRefused, KeyUnreadable.
    """
    if model_name != run_model and provider_of_model(model_name) != key.provider:
        return None
    if not key.is_active or key.deleted_at is not None or not key.address:
        raise KeyInactive
    if key.refused_at is not None:
        if not key.may_use_house_key:
            raise KeyRefused(provider=key.provider)
        return None
    try:
        api_key = key.decrypt_api_key()
    except KeyUnreadable:
        if not key.may_use_house_key:
            raise
        transaction.on_commit(partial(key_look_again, key_id=key.pk))
        return None
    if key.is_unreadable:
        transaction.on_commit(partial(key_look_again, key_id=key.pk))
    return OpenedKey(key=key, api_key=api_key, base_url=key.address)


def key_look_again(*, key_id: UUID) -> None:
    """Note whether a key has to be entered again, as it is now; outside the transaction that met it."""
    key = UserAPIKey.objects.existing().filter(pk=key_id).first()
    if key is not None:
        same_key = UserAPIKey.objects.filter(pk=key_id, encrypted_key=key.encrypted_key)
        same_key.update(is_unreadable=not _opens(key))


def _is_lost(key: UserAPIKey) -> bool:
    # What was noted may be the word of a process that did not have the newest of the house's keys yet.
    return key.needs_reentry and not _opens(key)


def _opens(key: UserAPIKey) -> bool:
    try:
        key.decrypt_api_key()
    except KeyUnreadable:
        return False
    return True
