"""Makes the vectors of a document in batches, and keeps each that was paid for until all are there."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from django.conf import settings

from controlplane.documents.claims import Claim
from controlplane.documents.extraction.chunks import Chunk
from controlplane.documents.models import EmbeddedBatch, UserDocument
from controlplane.embeddings.client import texts_embed

CHUNKS_PER_BATCH: Final = 64

Vector: TypeAlias = "array[float]"


class ClaimLost(Exception):
    """Another processes the document now, or it was deleted: whatever is done here is for nothing."""


def chunks_embed(chunks: Sequence[Chunk], *, document: UserDocument, claim: Claim) -> list[Vector]:
    """Give a vector for each chunk, of four-byte numbers; what an earlier attempt paid for is taken over.

    Raises ClaimLost, and what `texts_embed` raises.
    """
    kept = {batch.number: batch for batch in EmbeddedBatch.objects.filter(document=document)}
    vectors: list[Vector] = []
    for number, batch in enumerate(_batches(chunks)):
        texts = [chunk.embedded_text for chunk in batch]
        known = kept.get(number)
        if known is not None and known.fingerprint == _fingerprint(texts):
            vectors += _cut(bytes(known.vectors), len(texts))
        else:
            vectors += _embed(texts, number, document)
        if not claim.note(embedded_count=len(vectors)):
            raise ClaimLost
    return vectors


def _embed(texts: list[str], number: int, document: UserDocument) -> list[Vector]:
    made = texts_embed(texts, user_id=document.user_id, model=settings.EMBEDDING_MODEL).vectors
    vectors = [array("f", vector) for vector in made]
    EmbeddedBatch.objects.update_or_create(
        document=document,
        number=number,
        defaults={
            "fingerprint": _fingerprint(texts),
            "vectors": b"".join(vector.tobytes() for vector in vectors),
        },
    )
    return vectors


def _batches(chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    for first in range(0, len(chunks), CHUNKS_PER_BATCH):
        yield chunks[first : first + CHUNKS_PER_BATCH]


def _cut(joined: bytes, count: int) -> list[Vector]:
    numbers = array("f", joined)
    length = len(numbers) // count
    return [numbers[place * length : (place + 1) * length] for place in range(count)]


def _fingerprint(texts: Sequence[str]) -> str:
    digest = hashlib.sha256(settings.EMBEDDING_MODEL.encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()
