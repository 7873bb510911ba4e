"""The accounts' job: forgetting tokens and browser sessions that are over anyway."""

from celery import shared_task
from django.core.management import call_command


@shared_task(name="accounts.forget_expired")
def forget_expired() -> None:
    """Delete expired refresh tokens and browser sessions, which would pile up for ever."""
    call_command("flushexpiredtokens")
    call_command("clearsessions")
