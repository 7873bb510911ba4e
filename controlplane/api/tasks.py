"""The API's own job: forgetting idempotency keys that nobody will repeat any more."""

from celery import shared_task

from controlplane.api import idempotency


@shared_task(name="api.forget_old_keys")
def forget_old_keys() -> int:
    """Delete keys of yesterday and before; returns how many."""
    return idempotency.forget_old_keys()
