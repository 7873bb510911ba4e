"""How a user's preferences are read: from the cache, as they are since the user was read."""

import uuid
from typing import Any, Final

from controlplane.accounts.models import CustomUser
from controlplane.caching.entries import VersionedEntries
from controlplane.preferences.models import UserPreference

CACHED_SECONDS: Final = 3600

_entries: VersionedEntries[dict[str, Any]] = VersionedEntries(prefix="user_prefs", seconds=CACHED_SECONDS)


def preferences_of(user: CustomUser) -> UserPreference:
    """Give a user's preferences, at least as new as `user`, without asking the database again if possible.

    Every request reads its user, and with it the stamp that each change moves on in its own transaction: a
    copy with another stamp is not used. For showing and for defaults; what money depends on is read from
    the database.
    """
    columns = [field.attname for field in UserPreference._meta.concrete_fields]
    # The columns belong to the version: an upgrade that changes them makes all copies old.
    version = [user.preferences_stamp, *columns]
    copy = _entries.read(user.pk, version=version, load=lambda: _values_of(user, columns))
    preferences = UserPreference.from_db(None, columns, [copy[name] for name in columns])
    preferences.user = user
    return preferences


def _values_of(user: CustomUser, columns: list[str]) -> dict[str, Any]:
    return dict(UserPreference.objects.values(*columns).get(pk=user.pk))


def preferences_uncache(user_id: uuid.UUID) -> None:
    """Drop the cached copy of a user's preferences."""
    _entries.forget(user_id)
