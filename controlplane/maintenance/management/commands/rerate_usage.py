"""Prices a period's calls again, after a price was corrected or became known."""

from datetime import date
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.errors import Conflict
from controlplane.maintenance.rerating import usage_rerate
from controlplane.usage.periods import EARLIEST, LATEST, Period


class Command(BaseCommand):
    """Counts of tokens never change, and a second run changes nothing."""

    help = "Price the settled calls of a period again by the prices of their own moments."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the period."""
        day = partial(parser.add_argument, type=date.fromisoformat, required=True, metavar="DAY")
        day("--from", dest="first", help="first day, such as 2026-03-01")
        day("--to", dest="last", help="last day, included")
        parser.add_argument("--model", default="", help="only the calls of this model")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Price again, and print counts and the difference."""
        period = Period(first=options["first"], last=options["last"])
        if period.days < 1:
            raise CommandError("--to is before --from.")
        if period.first < EARLIEST or period.last > LATEST:
            raise CommandError(f"Days lie from {EARLIEST} to {LATEST}.")
        try:
            done = usage_rerate(period=period, model_name=options["model"], dry_run=options["dry_run"])
        except Conflict as error:
            raise CommandError(str(error)) from error
        verb = "would change" if options["dry_run"] else "changed"
        self.stdout.write(
            f"{done.looked_at} calls looked at, {done.changed} {verb}, {done.unpriced} without a price. "
            f"Difference: {done.difference:+.9f} US dollars."
        )
