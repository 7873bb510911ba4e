"""Idempotency keys: a creation that is sent again makes nothing new, and finds what the first one made."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Generic, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.db.models.functions import Now
from rest_framework.request import Request

from controlplane.api.models import IdempotentCreation
from controlplane.errors import Conflict, Gone, Invalid

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEPT_FOR = timedelta(days=1)

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request to create something; `body` is what was asked for, as parsed."""

    user_id: UUID
    operation: str
    key: str
    body: object

    @property
    def fingerprint(self) -> str:
        """Hash the operation and the body: the same key may not ask for two things."""
        text = json.dumps([self.operation, self.body], sort_keys=True, default=str)
        return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Creation(Generic[Row]):
    """What there is now; `is_new` tells whether this request made it."""

    row: Row
    is_new: bool


def read_key(request: Request) -> str | None:
    """Read the caller's key. Raises Invalid for one that cannot be kept."""
    key = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        raise Invalid(
            f"{HEADER} must have 1 to {LONGEST_KEY} printable characters.", code="invalid_idempotency_key"
        )
    return key


def create_once(
    attempt: Attempt, *, make: Callable[[], Row], find: Callable[[str], Row | None]
) -> Creation[Row]:
    """Make an object and note its key in one transaction, or find what the key has made before.

    A second request at the same time waits for the first. Raises Conflict `idempotency_key_reused` when the
    key asked for something else, Gone when what it made was deleted, and whatever `make` raises.
    """
    with transaction.atomic():
        noted = IdempotentCreation(
            user_id=attempt.user_id,
            key=attempt.key,
            operation=attempt.operation,
            fingerprint=attempt.fingerprint,
        )
        # In one statement noted and locked: between two a failed creation could take its key back.
        IdempotentCreation.objects.bulk_create(
            [noted], update_conflicts=True, unique_fields=["user", "key"], update_fields=["key"]
        )
        known = IdempotentCreation.objects.get(user_id=attempt.user_id, key=attempt.key)
        if known.fingerprint != attempt.fingerprint:
            raise Conflict("This key was used for something else.", code="idempotency_key_reused")
        if known.object_id:
            return Creation(row=_find_again(known.object_id, find), is_new=False)
        row = make()
        IdempotentCreation.objects.filter(pk=known.pk).update(object_id=str(row.pk))
    return Creation(row=row, is_new=True)


def forget_attempt(attempt: Attempt) -> None:
    """Free the key of a creation that was taken back, so that a repeat creates anew."""
    IdempotentCreation.objects.filter(
        user_id=attempt.user_id, key=attempt.key, fingerprint=attempt.fingerprint
    ).delete()


def forget_creation(*, user_id: UUID, object_id: str) -> int:
    """Free the key of what was taken back later on, so that a repeat creates anew; returns how many."""
    deleted, _ = IdempotentCreation.objects.filter(user_id=user_id, object_id=object_id).delete()
    return deleted


def forget_old_keys() -> int:
    """Delete keys that nobody will repeat any more; returns how many."""
    deleted, _ = IdempotentCreation.objects.filter(created_at__lt=Now() - KEPT_FOR).delete()
    return deleted


def _find_again(object_id: str, find: Callable[[str], Row | None]) -> Row:
    row = find(object_id)
    if row is None:
        raise Gone("What this key has made was deleted.", code="idempotent_object_gone")
    return row
