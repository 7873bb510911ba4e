"""Mends figures that were changed by hand or restored from somewhere, by adding the ledger up again."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from controlplane.maintenance.sums_of_days import key_counters_rebuild, months_rebuild
from controlplane.maintenance.totals import Rebuilding, counters_rebuild, session_totals_rebuild
from controlplane.maintenance.whom import find_user

# Months are the sums of days.
STEPS: Final = {
    "sessions": session_totals_rebuild,
    "daily counters": counters_rebuild,
    "monthly counters": months_rebuild,
    "counters of keys": key_counters_rebuild,
}


class Command(BaseCommand):
    """May run while the system is in use; a second run finds nothing to mend."""

    help = "Rebuild totals of sessions and counters of days, months and keys from the ledger and the runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Narrow it to one user."""
        parser.add_argument("--user", help="id or e-mail address; without it, everybody")
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rebuild, and print each row that differed."""
        user_id = find_user(options["user"]) if options["user"] else None
        dry_run: bool = options["dry_run"]
        for what, rebuild in STEPS.items():
            self._print(what, rebuild(user_id=user_id, dry_run=dry_run), dry_run=dry_run)

    def _print(self, what: str, done: Rebuilding, *, dry_run: bool) -> None:
        for drift in done.drifts:
            changes = [f"{name} {was} -> {belongs}" for name, (was, belongs) in drift.figures.items()]
            self.stdout.write(f"{drift.of}: {', '.join(changes)}")
        verb = "differ" if dry_run else "mended"
        self.stdout.write(f"{done.looked_at} {what} looked at, {len(done.drifts)} {verb}.")
