"""Brings archived months of the ledger back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.errors import Conflict
from controlplane.maintenance.restoring import usage_restore
from controlplane.maintenance.usage_files import BadFile


class Command(BaseCommand):
    """May be stopped and repeated; the files stay."""

    help = "Bring the calls of archived months back into the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the manifests."""
        parser.add_argument("manifest", type=Path, nargs="+", help="as usage-2026-01.manifest.json")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore one after the other."""
        for path in options["manifest"]:
            try:
                restored = usage_restore(manifest_path=path)
            except (Conflict, BadFile) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{restored.month}: {restored.calls} calls are back.")
