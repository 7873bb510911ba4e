"""Erases what an account owns in the control plane, then the account's own row but for its id."""

from collections import Counter

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from controlplane.accounts.browser_sessions import browser_sessions_forget
from controlplane.accounts.models import CustomUser, Invitation
from controlplane.documents import vectors
from controlplane.documents.deletion import documents_erase
from controlplane.documents.models import UserDocument
from controlplane.erasure.account.rows import rows_erase
from controlplane.preferences.models import UserPreference
from controlplane.preferences.selectors import preferences_uncache
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.services import key_delete
from controlplane.takeout.services import exports_forget
from controlplane.upkeep.findings import findings_forget

# Reserved for what is no address (RFC 2606).
NOWHERE = "deleted.invalid"


def belongings_erase(user: CustomUser, *, is_first: bool) -> Counter[str]:
    """Erase everything that points to an account and is not of its bills; returns how many, by kind.

    Repeats find nothing. Raises OSError and Unavailable when files or vectors cannot be reached.
    """
    gone = documents_erase(UserDocument.objects.filter(user_id=user.pk))
    gone["vectors"] += vectors.erase_of_user(user.pk)
    gone["keys"] = _erase_keys(user)
    # Before the rows: without them nobody knows whose file it is.
    gone["exports"] = exports_forget(owner_id=user.pk)
    gone["findings"] = findings_forget(user_id=user.pk)
    gone["log_entries"] = _erase_log(user)
    if is_first:
        # The database makes a new row in its place, with nothing in it.
        gone["preferences"], _ = UserPreference.objects.filter(user_id=user.pk).delete()
    gone += rows_erase(user)
    gone["invitations"], _ = Invitation.objects.filter(email__iexact=user.email).delete()
    gone["browser_sessions"] = browser_sessions_forget(marks=(str(user.pk), user.email))
    preferences_uncache(user.pk)
    _forget_person(user)
    return +gone


def _erase_keys(user: CustomUser) -> int:
    """Erase the keys; their rows stay for the bills that they were used for."""
    keys = list(UserAPIKey.objects.owned_by(user.pk).existing().values_list("pk", flat=True))
    for key_id in keys:
        key_delete(key_id=key_id, user_id=user.pk)
    return len(keys)


def _erase_log(user: CustomUser) -> int:
    """Erase what the back office's own log says of the account and of rows that stay or are made anew.

    It names rows by their texts: addresses, names of keys.
    """
    keys = UserAPIKey.objects.owned_by(user.pk).values_list("pk", flat=True)
    preferences = UserPreference.objects.filter(user_id=user.pk).values_list("pk", flat=True)
    named = Q(object_id__in=[str(pk) for pk in (user.pk, *keys, *preferences)])
    return LogEntry.objects.filter(named | Q(object_repr__iexact=user.email)).delete()[0]


def _forget_person(user: CustomUser) -> None:
    """Leave of the account its id, which its bills name; the address is free from now on."""
    with transaction.atomic():
        user.groups.clear()
        user.user_permissions.clear()
        CustomUser.objects.filter(pk=user.pk).update(
            email=f"{user.pk}@{NOWHERE}",
            first_name="",
            last_name="",
            password=make_password(None),
            last_login=None,
            date_joined=user.deleted_at or timezone.now(),
            token_version=F("token_version") + 1,
        )
