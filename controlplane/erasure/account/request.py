"""Begins the deletion of an account: it is off at once, and everything else follows by a job."""

import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from controlplane.accounts.models import CustomUser
from controlplane.accounts.sign_up.second_factor import second_factor_check
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.queue import request_account_erasure
from controlplane.erasure.receipts import receipt_open
from controlplane.errors import Conflict, Forbidden, NotFound

# For those who sign in without a password: how long ago that may have been.
RECENTLY_SECONDS = 600


def account_delete(*, user_id: uuid.UUID, actor_id: uuid.UUID | None) -> DeletionReceipt:
    """Switch an account off for good and end all that it is signed in with, in one transaction.

    After commit a job erases what is kept of it; when the queue is down the sweep does. Asking again finds
    the same receipt. Raises NotFound, Conflict `account_is_staff` or `last_administrator`.
    """
    with transaction.atomic():
        user = CustomUser.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such user.", code="user_not_found")
        if user.deleted_at is None:
            _require_deletable(user)
            _switch_off(user, actor_id)
        receipt = receipt_open(
            DeletionReceipt.Kind.ACCOUNT, subject_id=user_id, user_id=user_id, requested_at=timezone.now()
        )
        transaction.on_commit(lambda: request_account_erasure(user_id))
    return receipt


@sensitive_variables("password", "code")
def deletion_confirm(*, user: CustomUser, password: str, code: str) -> None:
    """Make sure that it is the account's owner who asks: by password, else by having just signed in.

    Where a second factor is set up, by that too. Raises Forbidden `password_wrong` or `sign_in_again`,
    Unauthenticated `totp_required` or `totp_invalid`.
    """
    if user.has_usable_password():
        if not user.check_password(password):
            raise Forbidden("The password is wrong.", code="password_wrong")
    elif not _has_just_signed_in(user):
        raise Forbidden("Sign in again first.", code="sign_in_again")
    second_factor_check(user=user, code=code)


def _switch_off(user: CustomUser, actor_id: uuid.UUID | None) -> None:
    CustomUser.objects.filter(pk=user.pk).update(
        is_active=False, token_version=F("token_version") + 1, deleted_at=Now()
    )
    entry_add(Action.ACCOUNT_DELETE, subject=user, actor_id=actor_id, concerns_id=user.pk)


def _require_deletable(user: CustomUser) -> None:
    administrators = CustomUser.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and user.is_active and not administrators.exists():
        raise Conflict("This is the last administrator.", code="last_administrator")
    if user.is_staff or user.is_superuser:
        raise Conflict(
            "The account has rights of staff. They have to be taken from it first.", code="account_is_staff"
        )


def _has_just_signed_in(user: CustomUser) -> bool:
    if user.last_login is None:
        return False
    return (timezone.now() - user.last_login).total_seconds() < RECENTLY_SECONDS
