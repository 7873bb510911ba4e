"""The jobs of documents: processing them, and taking up what was left of processing and erasing."""

from uuid import UUID

from celery import shared_task

from controlplane.documents import deletion, processing, sweeping

# Reading may take its two minutes, and embedding a large document much longer than other jobs may.
LONGEST = 1800


@shared_task(name="documents.process", soft_time_limit=LONGEST, time_limit=LONGEST + 30)
def process(document_id: str) -> bool:
    """Process one document; what is broken off here is taken up by the sweep."""
    return processing.document_process(document_id=UUID(document_id))


@shared_task(name="documents.sweep_processing")
def sweep_processing() -> int:
    """Take up what nobody processes; returns how many."""
    return sweeping.sweep_unprocessed()


@shared_task(name="documents.sweep_deletions")
def sweep_deletions() -> int:
    """Erase what is overdue; returns how many."""
    return deletion.sweep_deleted_documents()
