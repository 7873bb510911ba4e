"""Names and describes the collections of vectors: one for each user, and one for each session with files."""

import uuid
from typing import Any

from django.conf import settings

from controlplane.documents.models import UserDocument


def collection_of(document: UserDocument) -> str:
    """Name the collection that a document belongs to."""
    if document.chat_session_id is not None:
        return session_collection(document.chat_session_id)
    return user_collection(document.user_id)


def user_collection(user_id: uuid.UUID) -> str:
    """Name what holds for all sessions of a user."""
    return f"user_{user_id}_documents"


def session_collection(session_id: uuid.UUID) -> str:
    """Name what holds for one session."""
    return f"session_{session_id}_documents"


def describe(document: UserDocument, *, dimensions: int) -> dict[str, Any]:
    """Say of a collection whose it is and which vectors may join it."""
    described: dict[str, Any] = {
        "user_id": str(document.user_id),
        "embedding_model": settings.EMBEDDING_MODEL,
        "dimensions": dimensions,
    }
    if document.chat_session_id is not None:
        described["chat_session_id"] = str(document.chat_session_id)
    return described
