"""Finds what has lost its other half on either plane, and repairs it if told to."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.upkeep.orphan_hunt import KINDS, MOST_OF_A_KIND, OLD_ENOUGH, Found, orphans_find
from sdk_bridge import BridgeError


class Command(BaseCommand):
    """May run while the system is in use; without `--repair` it changes nothing."""

    help = "Find threads, sessions, records, documents, files and rows that have lost their other half."

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose what to look for, and what to do with it."""
        parser.add_argument("--repair", action="store_true", help="put right what can be put right")
        parser.add_argument("--json", action="store_true", help="one JSON object per line")
        parser.add_argument("--kind", action="append", choices=KINDS, help="this kind alone; may be repeated")
        parser.add_argument(
            "--older-than",
            type=int,
            default=int(OLD_ENOUGH.total_seconds()),
            help="seconds; what is younger is just being made",
        )
        parser.add_argument("--limit", type=int, default=MOST_OF_A_KIND, help="orphans of each kind, at most")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print each, then how many there were."""
        counts: Counter[str] = Counter()
        try:
            for found in async_to_sync(_collect)(options):
                counts["found"] += 1
                counts["repaired"] += found.is_repaired
                self.stdout.write(_line(found, as_json=options["json"]))
        except BridgeError as error:
            raise CommandError(error.message) from error
        if not options["json"]:
            self.stdout.write(f"{counts['found']} orphans, {counts['repaired']} repaired.")


async def _collect(options: dict[str, Any]) -> list[Found]:
    search = orphans_find(
        min_age=timedelta(seconds=options["older_than"]),
        kinds=options["kind"] or KINDS,
        most_of_a_kind=options["limit"],
        repair=options["repair"],
    )
    return [found async for found in search]


def _line(found: Found, *, as_json: bool) -> str:
    orphan = found.orphan
    if as_json:
        shown = {
            "kind": orphan.kind,
            "id": orphan.subject_id,
            "remedy": orphan.remedy,
            "repaired": found.is_repaired,
        }
        return json.dumps(shown)
    done = "repaired" if found.is_repaired else orphan.remedy
    return f"{orphan.kind} {orphan.subject_id}: {done}"
