"""Archives and deletes sessions by hand, or shows which ones would go."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane.chat.models import ChatSession
from controlplane.chat.retention import Retention
from controlplane.upkeep.retention import sessions_retire

MOST_LINES = 1000


class Command(BaseCommand):
    """May run while the system is in use; without any days, here or in the settings, it does nothing."""

    help = "Archive sessions that nobody uses, and delete those archived so long enough ago."

    def add_arguments(self, parser: CommandParser) -> None:
        """Try other days than the settings'."""
        parser.add_argument("--dry-run", action="store_true", help="only show what would go")
        parser.add_argument("--archive-days", type=_days, help="in place of RETENTION_ARCHIVE_DAYS")
        parser.add_argument("--delete-days", type=_days, help="in place of RETENTION_DELETE_DAYS")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, or print it."""
        in_force = Retention.in_force()
        rule = Retention(
            archive_days=options["archive_days"] or in_force.archive_days,
            delete_days=options["delete_days"] or in_force.delete_days,
        )
        if rule.archive_days is None and rule.delete_days is None:
            self.stdout.write("Retention is off: RETENTION_ARCHIVE_DAYS and RETENTION_DELETE_DAYS are empty.")
        elif options["dry_run"]:
            self._print("archive", rule.to_archive().order_by("updated_at")[:MOST_LINES])
            self._print("delete", rule.to_delete().order_by("retired_at")[:MOST_LINES])
            archive, delete = rule.to_archive().count(), rule.to_delete().count()
            self.stdout.write(f"{archive} sessions would be archived, {delete} deleted.")
        else:
            done = sessions_retire(rule=rule, seconds=float("inf"))
            self.stdout.write(f"{done.archived} sessions were archived, {done.deleted} deleted.")

    def _print(self, step: str, sessions: Iterable[ChatSession]) -> None:
        for session in sessions:
            self.stdout.write(
                f"{step} {session.pk} of {session.user_id}, unused since {session.updated_at:%F}"
            )


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 36_500:  # noqa: PLR2004  # as in the settings
        raise ValueError
    return days
