"""The roles of the back office: groups, and the permissions that each is to have."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from controlplane.accounts.rights import rights_note, rights_of_group

SUPPORT, ANALYST, ADMIN = "support", "analyst", "admin"
# By `app.codename`. Content (`accounts.view_content`) is for administrators alone; secrets are for nobody,
# which the pages themselves see to.
ROLES: Mapping[str, tuple[str, ...]] = {
    SUPPORT: (
        "accounts.view_customuser",
        "accounts.view_personalaccesstoken",
        "accounts.view_invitation",
        "approvals.view_*",
        "chat.view_chatsession",
        "chat.view_deletedthread",
        "documents.view_*",
        "erasure.view_*",
        "provider_keys.view_*",
        "runs.view_run",
        "takeout.view_*",
        "tools.view_*",
        "upkeep.view_driftfinding",
    ),
    ANALYST: (
        "feedback.view_*",
        "language_models.view_*",
        "runs.view_run",
        "usage.view_*",
    ),
    ADMIN: ("*",),
}


def roles_sync() -> dict[str, int]:
    """Give each role exactly its permissions, as they are now; repeats harmlessly.

    Permissions appear when the migrations of all apps are through, so no migration could do this. Returns
    how many each role has.
    """
    known = {f"{one.content_type.app_label}.{one.codename}": one for one in _permissions()}
    counted = {}
    with transaction.atomic():
        for role, patterns in ROLES.items():
            group, _ = Group.objects.get_or_create(name=role)
            before = rights_of_group(group.pk)
            given = [one for name, one in known.items() if any(fnmatchcase(name, each) for each in patterns)]
            group.permissions.set(given)
            rights_note(group, before, rights_of_group(group.pk), actor_id=None)
            counted[role] = len(given)
    return counted


def _permissions() -> list[Permission]:
    return list(Permission.objects.select_related("content_type"))
