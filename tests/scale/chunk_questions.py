"""Asks for passages among few and among many chunks, and compares what is found with all distances."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from django.conf import settings
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.documents import search
from controlplane.documents.collections import user_collection
from controlplane.documents.models import UserDocument
from controlplane.documents.search import Passage, Question, passages_find
from tests.scale.many_chunks import (
    CATEGORIES,
    CHUNKS_PER_DOCUMENT,
    Owner,
    Vectors,
    category_of,
    chunks_of,
    tag_of,
)

BEST: Final = 5
# No word of it says anything, so that what is found is found by meaning alone.
WITHOUT_WORDS: Final = "how is it then"
FILTERS: Final[dict[str, dict[str, Any]]] = {
    "no filter": {},
    "a category": {"category": CATEGORIES[0]},
    "a tag": {"tags": {"$in": [tag_of(0)]}},
    "pages to the tenth": {"chunk": {"$lt": 10}},
}


def documents_make(owner: Owner) -> None:
    """Make the rows of an owner's documents, as they stand after processing."""
    user = CustomUser.objects.create(pk=owner.id, email=f"owner{owner.number}@example.com")
    UserDocument.objects.bulk_create(
        UserDocument(
            pk=document,
            user=user,
            file_name=f"{document}.txt",
            file_size=1,
            processing_status="completed",
            processed_at=timezone.now(),
            vector_collection_name=user_collection(owner.id),
            chunk_count=CHUNKS_PER_DOCUMENT,
        )
        for document in owner.documents
    )


def find(owner: Owner, *, text: str, vector: Vectors, filters: dict[str, Any]) -> list[Passage]:
    """Ask as the API and the agent do, the question's vector being at hand."""
    question = Question(text=text, filters=filters, limit=BEST)
    with _known(vector):
        return passages_find(question, owner_id=owner.id)


def taken(owner: Owner, *, text: str, vector: Vectors, filters: dict[str, Any]) -> float:
    """Time one question, in milliseconds."""
    began = time.perf_counter()
    found = find(owner, text=text, vector=vector, filters=filters)
    assert len(found) == BEST, (owner, filters, found)
    return (time.perf_counter() - began) * 1000


def recall(owner: Owner, *, vectors: Vectors, base: Vectors) -> dict[str, float]:
    """Say for each filter how many of the five nearest are found; the exact ones are computed here."""
    _, mine = chunks_of(owner, base)
    fits = {
        "no filter": np.ones(owner.chunks, dtype=bool),
        "a category": np.array([category_of(chunk) == CATEGORIES[0] for chunk in range(owner.chunks)]),
        "a tag": np.array([tag_of(chunk) == tag_of(0) for chunk in range(owner.chunks)]),
        "pages to the tenth": np.arange(owner.chunks) % CHUNKS_PER_DOCUMENT < 10,
    }
    shares = {}
    for name, filters in FILTERS.items():
        hits = 0
        for vector in vectors:
            nearness = np.where(fits[name], mine @ vector, -2.0)
            exact = {f"{owner.number}-{chunk}" for chunk in np.argsort(-nearness)[:BEST]}
            found = find(owner, text=WITHOUT_WORDS, vector=vector, filters=filters)
            hits += len(exact & {one.id for one in found})
        shares[name] = hits / (BEST * len(vectors))
    return shares


@contextmanager
def among(address: str) -> Iterator[None]:
    """Let the product search another database of vectors."""
    before = settings.PGVECTOR_CONNECTION_STRING
    settings.PGVECTOR_CONNECTION_STRING = address
    try:
        yield
    finally:
        settings.PGVECTOR_CONNECTION_STRING = before


@contextmanager
def _known(vector: Vectors) -> Iterator[None]:
    class Known:
        vectors = (vector.tolist(),)

    with patch.object(search, "texts_embed", lambda *_, **__: Known()):
        yield
