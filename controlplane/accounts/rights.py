"""What an account or a group may do, taken down before and after a change of it, for the record."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import Group, Permission

from controlplane.accounts.models import CustomUser
from controlplane.audit.comparison import differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add

Rights = Mapping[str, Any]
NOBODY: Final[Rights] = {}
_OF_ACCOUNT: Final = ("email", "first_name", "last_name", "password", "is_active", "is_staff", "is_superuser")
_ROLES: Final = {"is_staff", "is_superuser", "groups"}
_NAMES: Final = ("email", "first_name", "last_name", "password", "name")


def rights_of_user(user_id: UUID) -> Rights:
    """Take down an account and the groups that it is in; nothing for one that is not there."""
    user = CustomUser.objects.filter(pk=user_id).first()
    if user is None:
        return NOBODY
    groups = sorted(user.groups.values_list("pk", flat=True))
    return {**state_of(user, _OF_ACCOUNT), "groups": groups}


def rights_of_group(group_id: int | None) -> Rights:
    """Take down a group and its permissions by `app.codename`; nothing for one that is not there."""
    group = Group.objects.filter(pk=group_id).first() if group_id is not None else None
    if group is None:
        return NOBODY
    given = Permission.objects.filter(group=group_id)
    names = given.values_list("content_type__app_label", "codename")
    return {"name": group.name, "permissions": sorted(f"{label}.{name}" for label, name in names)}


def rights_note(row: CustomUser | Group, before: Rights, after: Rights, *, actor_id: UUID | None) -> None:
    """Record what differs, in the caller's transaction; nothing is recorded where nothing does."""
    changes = differences(before, after, concealed=_NAMES)
    if not after:
        changes = {"exists": [True, False]}
    elif not before:
        changes["exists"] = [False, True]
    if not changes:
        return
    if isinstance(row, Group):
        entry_add(Action.ROLE_CHANGE, subject=row, actor_id=actor_id, changes=changes)
        return
    action = Action.ROLE_CHANGE if _ROLES & set(changes) else Action.USER_CHANGE
    action = action if before else Action.USER_ADD
    entry_add(action, subject=row, actor_id=actor_id, concerns_id=row.pk, changes=changes)
