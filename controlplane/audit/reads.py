"""Records who reads what other people wrote, before it is shown."""

import uuid

from django.db.models import Model
from django.http import HttpRequest

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.backoffice.content import tell_of_reads


def content_read_note(request: HttpRequest, row: Model) -> None:
    """Record that somebody opened a page with content, but one's own and the house's."""
    reader_id, owner_id = request.user.pk, _owner_of(row)
    if owner_id is not None and owner_id != reader_id:
        entry_add(Action.CONTENT_READ, subject=row, actor_id=reader_id, concerns_id=owner_id)


def register() -> None:
    """Have the back office tell of reads; repeats harmlessly."""
    tell_of_reads(content_read_note)


def _owner_of(row: Model) -> uuid.UUID | None:
    # By what it is called in the tables of this product; a count of a key belongs to the key's owner.
    for name in ("user_id", "owner_id"):
        if hasattr(row, name):
            owner_id: uuid.UUID | None = getattr(row, name)
            return owner_id
    for name in ("template", "key"):
        if hasattr(row, name):
            return _owner_of(getattr(row, name))
    return None
