"""How documents are found: by owner first, always."""

import uuid
from collections.abc import Mapping
from typing import Any

from controlplane.documents.models import UserDocument, UserDocumentQuerySet
from controlplane.errors import NotFound

# From the words of the API to lookups.
_LOOKUPS = {
    "status": "processing_status",
    "session": "chat_session_id",
    "type": "file_type",
    "active": "is_active",
    "category": "category",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
}


def document_get(*, document_id: uuid.UUID, owner_id: uuid.UUID) -> UserDocument:
    """Find a user's document. Raises NotFound for one that is missing or another user's."""
    document = UserDocument.objects.owned_by(owner_id).filter(pk=document_id).first()
    if document is None:
        raise NotFound("There is no such document.")
    return document


def document_narrow(documents: UserDocumentQuerySet, filters: Mapping[str, Any]) -> UserDocumentQuerySet:
    """Keep the documents that fit every filter given; `None` leaves a filter out."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    if tag := given.pop("tag", None):
        documents = documents.filter(tags__contains=[tag])
    return documents.filter(**{_LOOKUPS[name]: value for name, value in given.items()})
