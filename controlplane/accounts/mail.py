"""Sends mail while somebody waits, and says so in the house's words when the mail server does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTPException

from controlplane.errors import Unavailable


@contextmanager
def mail_server_needed() -> Iterator[None]:
    """Translate the mail server's failures. Raises Unavailable `mail_unavailable`."""
    try:
        yield
    except (SMTPException, OSError) as error:
        raise Unavailable(
            "The mail could not be sent. Try again in a moment.", code="mail_unavailable"
        ) from error
