"""Turns a document's file into vectors: reads, cuts, embeds, writes; broken off, it is begun again."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from django.db import transaction

from controlplane.documents.batches import ClaimLost, Vector, chunks_embed
from controlplane.documents.claims import Claim, document_claim
from controlplane.documents.collections import collection_of, describe
from controlplane.documents.extraction.chunks import Chunk, chunks_of
from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.kinds import MEDIA_TYPES, Kind
from controlplane.documents.extraction.pages import Page
from controlplane.documents.extraction.sandbox import extract
from controlplane.documents.models import EmbeddedBatch, UserDocument
from controlplane.documents.services import document_open
from controlplane.documents.storage import on_disk
from controlplane.documents.vector_writing import Collection, write_document
from controlplane.errors import NotFound, ThreadplaneError, Unavailable

MOST_CHUNKS: Final = 20_000
SECONDS_UNTIL_NEXT: Final = (10.0, 30.0, 120.0, 600.0, 1800.0)
# Between two looks at the claim.
PAGES_PER_NOTE: Final = 20
WITHOUT_HEADINGS: Final = frozenset({Kind.PDF, Kind.TEXT, Kind.CSV})

logger = structlog.get_logger(__name__)


def document_process(*, document_id: uuid.UUID) -> bool:
    """Process a document if it waits for it; returns whether it is completed now.

    What cannot be mended by trying again makes it failed, in words for its user; what can is put off.
    """
    claim = document_claim(document_id=document_id)
    if claim is None:
        return False
    try:
        return _process(claim)
    except ClaimLost:
        logger.info("document_claim_lost", document_id=str(document_id))
    except ExtractionFailed as failed:
        _fail(claim, str(failed), failed.failure)
    except (Unavailable, OSError) as error:
        claim.put_off(SECONDS_UNTIL_NEXT[min(claim.attempt, len(SECONDS_UNTIL_NEXT)) - 1])
        logger.warning("document_put_off", document_id=str(document_id), reason=_reason(error))
    except ThreadplaneError as refusal:
        _fail(claim, refusal.message, refusal.code)
    return False


def _process(claim: Claim) -> bool:
    document = claim.rows().first()
    if document is None:
        raise ClaimLost
    chunks = _read(document, claim)
    if not claim.note(processing_stage=UserDocument.Stage.EMBEDDING, chunk_count=len(chunks)):
        raise ClaimLost
    made = chunks_embed(chunks, document=document, claim=claim)
    if not claim.note(processing_stage=UserDocument.Stage.WRITING):
        raise ClaimLost
    return _write(claim, chunks, made)


def _read(document: UserDocument, claim: Claim) -> list[Chunk]:
    with _file_of(document) as path:
        read = extract(path)
        kind = next(read)
        if not isinstance(kind, Kind) or not claim.note(file_type=MEDIA_TYPES[kind]):
            raise ClaimLost
        pages = _noted((page for page in read if isinstance(page, Page)), claim)
        chunks: list[Chunk] = []
        for chunk in chunks_of(pages, is_markdown=kind not in WITHOUT_HEADINGS):
            chunks.append(chunk)
            if len(chunks) > MOST_CHUNKS:
                raise ExtractionFailed(Failure.TOO_LONG)
    if not chunks:
        raise ExtractionFailed(Failure.WITHOUT_TEXT)
    return chunks


def _noted(pages: Iterator[Page], claim: Claim) -> Iterator[Page]:
    count = 0
    for count, page in enumerate(pages, start=1):
        if count % PAGES_PER_NOTE == 0 and not claim.note(page_count=count):
            raise ClaimLost
        yield page
    if not claim.note(page_count=count):
        raise ClaimLost


def _write(claim: Claim, chunks: list[Chunk], made: list[Vector]) -> bool:
    """Write the vectors, then the word of it, both while nobody can delete the document."""
    with transaction.atomic():
        document = claim.rows().select_for_update().first()
        if document is None:
            raise ClaimLost
        collection, described = collection_of(document), describe(document, dimensions=len(made[0]))
        metadata = document.get_vector_metadata()
        ids = write_document(
            document.pk,
            collection=Collection(name=collection, described=described),
            metadata=metadata,
            chunks=chunks,
            made=made,
        )
        document.mark_processing_completed(
            collection_name=collection,
            vector_ids=ids,
            chunk_count=len(ids),
            collection_metadata=described,
            vector_metadata=metadata,
        )
        EmbeddedBatch.objects.filter(document=document).delete()
    logger.info("document_processed", document_id=str(claim.document_id), chunks=len(chunks))
    return True


@contextmanager
def _file_of(document: UserDocument) -> Iterator[Path]:
    try:
        opened = document_open(document)
    except NotFound as error:
        raise ExtractionFailed(Failure.DAMAGED) from error
    with opened, on_disk(opened) as path:
        yield path


def _reason(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


def _fail(claim: Claim, message: str, code: str) -> None:
    document = claim.rows().first()
    if document is not None:
        document.mark_processing_failed(message)
    logger.info("document_failed", document_id=str(claim.document_id), code=code)
