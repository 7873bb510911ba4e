"""Compares sessions with threads by hand, from beginning to end."""

from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.upkeep.bookmarks import bookmark_drop
from controlplane.upkeep.drift import OLD_ENOUGH, WALK, drift_check
from controlplane.upkeep.findings import open_drift
from controlplane.upkeep.models import DriftFinding
from sdk_bridge import BridgeError

MOST_LINES = 1000


class Command(BaseCommand):
    """May run while the system is in use; what can be put right is, as by the job."""

    help = "Compare sessions with threads, put right what can be, and print what stays open."

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose how young may be."""
        parser.add_argument(
            "--older-than",
            type=int,
            default=int(OLD_ENOUGH.total_seconds()),
            help="seconds; what is younger is just being made",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Walk through all of both planes."""
        bookmark_drop(WALK)
        try:
            check = async_to_sync(drift_check)(
                min_age=timedelta(seconds=options["older_than"]), seconds=float("inf")
            )
        except BridgeError as error:
            raise CommandError(error.message) from error
        for finding in DriftFinding.objects.open().order_by("first_seen_at")[:MOST_LINES]:
            self.stdout.write(f"{finding.kind} {finding.thread_id} {finding.details}")
        self.stdout.write(f"{check.found} differences met, {open_drift()} open.")
