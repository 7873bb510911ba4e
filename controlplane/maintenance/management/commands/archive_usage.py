"""Moves closed months of the ledger out to files."""

from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.errors import Conflict
from controlplane.maintenance.archived_months import UsageMonth
from controlplane.maintenance.archiving import archivable_months, usage_archive
from controlplane.maintenance.usage_files import BadFile


class Command(BaseCommand):
    """May run while the system is in use, and be stopped and repeated."""

    help = "Move the ledger's calls of closed months out to a folder; totals and counters stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the months and the folder."""
        parser.add_argument("--before", type=_month, required=True, help="months before this one, as 2026-01")
        parser.add_argument(
            "--to", type=Path, required=True, help="an existing folder, kept safe as a backup is"
        )
        parser.add_argument("--dry-run", action="store_true", help="only name the months")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Move month after month, and print what each file holds."""
        folder: Path = options["to"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        months = archivable_months(before=options["before"])
        for month in months:
            if options["dry_run"]:
                self.stdout.write(f"{month} would be moved.")
                continue
            try:
                moved = usage_archive(month=month, folder=folder)
            except (Conflict, BadFile) as error:
                raise CommandError(str(error)) from error
            figures = f"{moved.calls} calls, {moved.tokens} tokens, {moved.cost} US dollars"
            self.stdout.write(f"{moved}: {figures} in {moved.file_name}.")
        self.stdout.write(f"{len(months)} months {'to move' if options['dry_run'] else 'moved'}.")


def _month(text: str) -> UsageMonth:
    try:
        return UsageMonth(date.fromisoformat(f"{text}-01"))
    except ValueError as error:
        raise ArgumentTypeError("a month such as 2026-01") from error
