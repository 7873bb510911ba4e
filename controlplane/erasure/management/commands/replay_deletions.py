"""Deletes again what a restored backup has brought back."""

from argparse import ArgumentTypeError
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.erasure import journal
from controlplane.erasure.account.job import account_erase
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.replay import deletion_replay
from controlplane.erasure.sessions import session_erase
from controlplane.errors import Unavailable
from sdk_bridge import Retryable


class Command(BaseCommand):
    """Harmless to repeat, and to stop: the sweep goes on with what was begun."""

    help = "Put the deletions of the journal in force again, after a backup was restored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal, and for the moment of the backup."""
        parser.add_argument("--from", dest="path", type=Path, help="the journal; left out: DELETION_JOURNAL")
        parser.add_argument(
            "--since",
            type=_moment,
            help="only what was deleted from then on, such as 2026-03-01T12:00:00Z: the backup's time",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Begin each deletion again and take the first look; the last one is the workers'."""
        path = options["path"] or settings.DELETION_JOURNAL
        if path is None or not path.is_file():
            raise CommandError("There is no journal: name one by --from.")
        done: Counter[str] = Counter()
        seen = set()
        for entry in journal.read(path):
            is_older = options["since"] is not None and entry.at < options["since"]
            if is_older or (entry.kind, entry.subject_id) in seen:
                continue
            seen.add((entry.kind, entry.subject_id))
            deletion_replay(entry)
            done[_carry_out(entry)] += 1
        self.stdout.write(
            f"{done.total()} deletions in force again: {done['erased']} erased, "
            f"{done['left']} left to the sweep."
        )


def _carry_out(entry: journal.Entry) -> str:
    try:
        if entry.kind == DeletionReceipt.Kind.ACCOUNT:
            async_to_sync(account_erase)(user_id=entry.subject_id)
        else:
            async_to_sync(session_erase)(thread_id=entry.subject_id)
    except (Retryable, Unavailable, OSError):
        return "left"
    receipt = DeletionReceipt.objects.get(kind=entry.kind, subject_id=entry.subject_id)
    return "erased" if receipt.erased_at is not None else "left"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("not a moment") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
