"""The job of approvals: their time is over although nobody looks."""

from celery import shared_task

from controlplane.approvals.upkeep import approvals_expire, approvals_forget


@shared_task(name="approvals.close_late")
def close_late() -> int:
    """Mark what was not answered in time, and drop what is old; returns how many were marked."""
    approvals_forget()
    return approvals_expire()
