"""The job of documents: erasing those whose erasure was put off."""

from celery import shared_task

from controlplane.documents import deletion


@shared_task(name="documents.sweep_deletions")
def sweep_deletions() -> int:
    """Erase what is overdue; returns how many."""
    return deletion.sweep_deleted_documents()
