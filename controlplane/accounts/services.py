"""What can be done to accounts; tokens made before die with the version they carry."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from controlplane.accounts.models import CustomUser
from controlplane.audit.comparison import ADDED, CHANGED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import NotFound


def user_sign_out_everywhere(*, user_id: UUID) -> int:
    """Refuse every session and token made until now; one statement. Returns how many users it met."""
    return CustomUser.objects.filter(pk=user_id).update(token_version=F("token_version") + 1)


def user_sign_out_by_other(*, user_id: UUID, actor_id: UUID) -> int:
    """Do the same to somebody else's account, recorded, in one transaction."""
    with transaction.atomic():
        count = user_sign_out_everywhere(user_id=user_id)
        if count:
            entry_add(
                Action.USER_CHANGE,
                subject=CustomUser(pk=user_id),
                actor_id=actor_id,
                concerns_id=user_id,
                changes={"token_version": CHANGED},
            )
    return count


def user_deactivate(*, user_id: UUID, actor_id: UUID | None = None) -> None:
    """Switch an account off; switching it on again later does not bring its old tokens back.

    One transaction. Raises NotFound.
    """
    with transaction.atomic():
        user = CustomUser.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such user.", code="user_not_found")
        CustomUser.objects.filter(pk=user_id).update(is_active=False, token_version=F("token_version") + 1)
        if user.is_active:
            entry_add(
                Action.USER_CHANGE,
                subject=user,
                actor_id=actor_id,
                concerns_id=user_id,
                changes={"is_active": [True, False]},
            )


def demo_user_ensure(*, email: str, password: str) -> CustomUser:
    """Create the demo user, who may look at the admin as well, or give them this password again."""
    flags = {"is_active": True, "is_staff": True, "is_superuser": True}
    with transaction.atomic():
        user, created = CustomUser.objects.get_or_create(
            email__iexact=email, defaults={"email": email, **flags}
        )
        if created or not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        CustomUser.objects.filter(pk=user.pk).update(**flags)
        if changes := ADDED if created else differences(state_of(user, flags), flags):
            _note_by_system(Action.USER_ADD if created else Action.USER_CHANGE, user, changes)
    return user


def first_admin_ensure(*, email: str, password: str) -> bool:
    """Create an administrator; one that exists already is left as it is. Returns whether it was created."""
    with transaction.atomic():
        user, created = CustomUser.objects.get_or_create(
            email__iexact=email, defaults={"email": email, "is_staff": True, "is_superuser": True}
        )
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
            _note_by_system(Action.USER_ADD, user, {**ADDED, "is_superuser": [False, True]})
    return created


def _note_by_system(action: Action, user: CustomUser, changes: Mapping[str, Any]) -> None:
    entry_add(action, subject=user, actor_id=None, concerns_id=user.pk, changes=changes)
