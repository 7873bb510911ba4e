"""Says where the ledger and the threads disagree about what was used."""

import asyncio
import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from controlplane.maintenance.reconciliation import Comparison, Difference, usage_reconcile
from controlplane.maintenance.whom import find_user
from sdk_bridge import BridgeError


class Command(BaseCommand):
    """Reads only. Exits with 1 when something differs."""

    help = "Compare the ledger with the usage that the threads' own messages tell, and print what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Narrow it."""
        parser.add_argument("--user", help="id or e-mail address; without it, everybody")
        parser.add_argument("--session", type=UUID, help="one session's id")
        parser.add_argument("--since", type=_moment, help="sessions used since then, as 2026-03-01T00:00")
        parser.add_argument(
            "--json", action="store_true", help="one line of JSON per difference, and a last one"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, and print each difference and the sums."""
        user_id = find_user(options["user"]) if options["user"] else None
        try:
            found = asyncio.run(
                self._run(user_id, options["session"], options["since"], as_json=options["json"])
            )
        except BridgeError as error:
            raise CommandError(f"The Agent Server cannot be asked: {error.code}.", returncode=2) from error
        if found:
            raise SystemExit(1)

    async def _run(
        self, user_id: UUID | None, session_id: UUID | None, since: datetime | None, *, as_json: bool
    ) -> int:
        sums = {"sessions": 0, "agreeing": 0, "differing": 0, "unmarked": 0, "archived": 0, "not_shown": 0}
        async for comparison in usage_reconcile(user_id=user_id, session_id=session_id, since=since):
            _add(sums, comparison)
            for difference in comparison.differences:
                self.stdout.write(_as_json(difference) if as_json else _as_text(difference))
        words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sums.items())
        self.stdout.write(json.dumps(sums) if as_json else f"{words}.")
        return sums["differing"]


def _add(sums: dict[str, int], comparison: Comparison) -> None:
    sums["sessions"] += 1
    sums["differing"] += len(comparison.differences)
    for name in ("agreeing", "unmarked", "archived", "not_shown"):
        sums[name] += getattr(comparison, name)


def _as_json(difference: Difference) -> str:
    return json.dumps(asdict(difference), default=str)


def _as_text(difference: Difference) -> str:
    told = [f"session {difference.session_id}: {difference.kind.replace('_', ' ')}"]
    if difference.attempt_id is not None:
        told.append(f"call {difference.attempt_id}")
    if difference.said is not None:
        told.append(f"the thread says {difference.said[0]} + {difference.said[1]} tokens")
    if difference.booked is not None:
        told.append(f"booked are {difference.booked[0]} + {difference.booked[1]}")
    return ", ".join(told)


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError("a moment such as 2026-03-01T00:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
