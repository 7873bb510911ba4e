"""Makes, finds and ends personal access tokens; their secrets are never kept."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.accounts.models import CustomUser, PersonalAccessToken
from controlplane.audit.comparison import ADDED, REMOVED
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict, Invalid, NotFound

MARK = "tp_"
SHOWN_CHARACTERS = 9
MOST_TOKENS = 50
# Long enough to be asked who had it.
KEPT_FOR = timedelta(days=90)
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def personal_token_create(
    *, owner_id: UUID, name: str, scopes: list[str], expires_at: datetime | None = None
) -> tuple[PersonalAccessToken, str]:
    """Make a token in a transaction of its own; the secret beside it is known to nobody afterwards.

    Raises Conflict `too_many_tokens` and Invalid for an end that has passed.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("The token would be over already.", fields={"expires_at": ["Choose a later time."]})
    secret = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        # The lock makes the count below count for those who come at the same time too.
        owner = CustomUser.objects.select_for_update(no_key=True).get(pk=owner_id)
        if PersonalAccessToken.objects.owned_by(owner_id).unrevoked().count() >= MOST_TOKENS:
            raise Conflict("Revoke a token that you no longer need first.", code="too_many_tokens")
        token = PersonalAccessToken.objects.create(
            user=owner,
            name=name,
            prefix=secret[:SHOWN_CHARACTERS],
            digest=digest_of(secret),
            scopes=sorted(set(scopes)),
            version=owner.token_version,
            expires_at=expires_at,
        )
        entry_add(
            Action.TOKEN_ADD,
            subject=token,
            actor_id=owner_id,
            concerns_id=owner_id,
            changes={**ADDED, "scopes": [[], token.scopes]},
        )
    token.refresh_from_db(fields=["created_at"])
    return token, secret


def personal_token_revoke(*, token_id: UUID, owner_id: UUID, actor_id: UUID | None = None) -> None:
    """End one token at once and for ever, in one transaction; its owner does unless another is named.

    Raises NotFound.
    """
    mine = PersonalAccessToken.objects.owned_by(owner_id).unrevoked()
    with transaction.atomic():
        if not mine.filter(pk=token_id).update(revoked_at=Now()):
            raise NotFound("There is nothing here.")
        entry_add(
            Action.TOKEN_REVOKE,
            subject=PersonalAccessToken(pk=token_id),
            actor_id=actor_id or owner_id,
            concerns_id=owner_id,
            changes=REMOVED,
        )


def personal_token_find(secret: str) -> PersonalAccessToken | None:
    """Find the living token of a secret, with its user; None when it lets nobody in."""
    return (
        PersonalAccessToken.objects.living().select_related("user").filter(digest=digest_of(secret)).first()
    )


def personal_token_note_use(token: PersonalAccessToken) -> None:
    """Remember that the token was used; writes once a minute at most."""
    before = timezone.now() - USE_IS_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    is_stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
    PersonalAccessToken.objects.filter(is_stale, pk=token.pk).update(last_used_at=Now())


def personal_tokens_forget() -> int:
    """Delete tokens that have been over for long; returns how many."""
    before = timezone.now() - KEPT_FOR
    over = PersonalAccessToken.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before))
    deleted, _ = over.delete()
    return deleted


def digest_of(secret: str) -> str:
    """Hash a secret; it is random and long, so a quick hash is as good as a slow one."""
    return sha256(secret.encode(errors="replace")).hexdigest()
