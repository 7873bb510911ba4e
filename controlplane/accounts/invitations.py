"""Makes invitations, sends them and lets each be accepted once."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext

from controlplane.accounts.mail import mail_server_needed
from controlplane.accounts.models import CustomUser, Invitation
from controlplane.accounts.personal_tokens import KEPT_FOR, digest_of
from controlplane.audit.comparison import ADDED
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict, Invalid

VALID_FOR = timedelta(days=7)
UNKNOWN = "This invitation is not for this address, was used or is over."


def invitation_create(*, email: str, invited_by: UUID) -> tuple[Invitation, str]:
    """Invite an address in a transaction of its own and send the mail after it.

    Earlier invitations of the same address are over with this one. Returns the token too, which is kept by
    nobody. Raises Conflict `user_exists` for an address that has an account, and Unavailable when the mail
    could not be sent; the next try replaces the invitation.
    """
    if CustomUser.objects.filter(email__iexact=email).exists():
        raise Conflict("There is an account with this e-mail address already.", code="user_exists")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.open().filter(email__iexact=email).update(expires_at=Now())
        invitation = Invitation.objects.create(
            email=email,
            digest=digest_of(token),
            invited_by_id=invited_by,
            expires_at=timezone.now() + VALID_FOR,
        )
        entry_add(Action.USER_INVITE, subject=invitation, actor_id=invited_by, changes=ADDED)
        transaction.on_commit(lambda: _send(email, token))
    invitation.refresh_from_db(fields=["created_at"])
    return invitation, token


def invitation_is_open(*, email: str, token: str) -> bool:
    """Tell whether an address could sign up with a token now."""
    return Invitation.objects.open().filter(email__iexact=email, digest=digest_of(token)).exists()


def invitation_accept(*, email: str, token: str) -> None:
    """Use an invitation up, in the caller's transaction; of two who try, one succeeds. Raises Invalid."""
    mine = Invitation.objects.open().filter(email__iexact=email, digest=digest_of(token))
    if not mine.update(accepted_at=Now()):
        raise Invalid(UNKNOWN, code="invitation_invalid", fields={"invitation": [UNKNOWN]})


def invitation_accept_of(*, verified_email: str) -> None:
    """Use up the invitation of an address that its owner has proved by other means. Raises Invalid."""
    if not Invitation.objects.open().filter(email__iexact=verified_email).update(accepted_at=Now()):
        raise Invalid(UNKNOWN, code="invitation_invalid")


def invitations_forget() -> int:
    """Delete invitations that nobody accepted and that have been over for long; returns how many."""
    unused = Invitation.objects.filter(accepted_at__isnull=True, expires_at__lt=timezone.now() - KEPT_FOR)
    deleted, _ = unused.delete()
    return deleted


def _send(email: str, token: str) -> None:
    text = render_to_string(
        "accounts/invitation.txt",
        {"address": f"{settings.FRONTEND_URL}/?invitation={token}", "token": token, "days": VALID_FOR.days},
    )
    with mail_server_needed():
        send_mail(gettext("You are invited to Threadplane"), text, None, [email])
