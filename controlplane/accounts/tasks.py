"""The accounts' job: forgetting tokens and browser sessions that are over anyway."""

from celery import shared_task
from django.core.management import call_command

from controlplane.accounts.api_tokens import sign_ins_forget
from controlplane.accounts.invitations import invitations_forget
from controlplane.accounts.personal_tokens import personal_tokens_forget


@shared_task(name="accounts.forget_expired")
def forget_expired() -> None:
    """Delete expired tokens, invitations and browser sessions, which would pile up for ever."""
    call_command("flushexpiredtokens")
    sign_ins_forget()
    call_command("clearsessions")
    personal_tokens_forget()
    invitations_forget()
