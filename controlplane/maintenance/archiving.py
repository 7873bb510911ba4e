"""Moves closed months of the ledger out to files, so that the table stays small; figures stay as they are."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Sum
from django.utils import timezone

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict
from controlplane.maintenance.archived_months import UsageMonth, calls_of, counters_of, rows_hold
from controlplane.maintenance.usage_files import (
    VERSION,
    Manifest,
    digest_of,
    read_manifest,
    verify,
    write_manifest,
    write_rows,
)
from controlplane.runs.booking import LATE_RECORDS
from controlplane.usage.models import ArchivedMonth, ArchivedSum, DailyCounter, TokenUsage
from controlplane.usage.rollup import days_roll_up

# By then no call of the month is under way, and no record of one can come any more.
CLOSED_AFTER: Final = timedelta(days=3)
# A sweep that has begun books what it finds.
MARGIN: Final = timedelta(hours=1)
BATCH: Final = 1_000
Kind = ArchivedSum.Kind
# The sums of one month, by kind and subject: tokens and cost.
Sums = dict[tuple[str, str], list[Any]]


@dataclass(kw_only=True)
class _Adding:
    """Adds up what the totals of others are made of, while the rows pass by."""

    sums: Sums = field(default_factory=lambda: defaultdict(lambda: [0, Decimal(0)]))

    def add(self, row: dict[str, Any]) -> None:
        tokens, cost = row["prompt_tokens"] + row["completion_tokens"], row["total_cost"] or Decimal(0)
        # What ran on a user's own key is no money of the house's limit.
        house_cost = cost if row["key_counter_id"] is None else Decimal(0)
        self._add(Kind.SESSION, row["chat_session_id"], tokens, cost)
        self._add(Kind.COUNTER, row["counter_id"], tokens, house_cost)
        self._add(Kind.KEY_COUNTER, row["key_counter_id"], tokens, Decimal(0))

    def _add(self, kind: str, subject: object, tokens: int, cost: Decimal) -> None:
        if subject is not None:
            entry = self.sums[kind, str(subject)]
            entry[0] += tokens
            entry[1] += cost


def archivable_months(*, before: UsageMonth) -> list[UsageMonth]:
    """Name the closed months before one that have calls left in the ledger, oldest first."""
    has_calls = Exists(TokenUsage.objects.filter(counter=OuterRef("pk")))
    days = DailyCounter.objects.filter(has_calls, day__lt=before.first).order_by()
    months = {UsageMonth(day.replace(day=1)) for day in days.dates("day", "month")}
    return sorted(month for month in months if _is_closed(month))


def usage_archive(*, month: UsageMonth, folder: Path) -> ArchivedMonth:
    """Move one month out: the file whole and read back, then the note of it, then the rows go in batches.

    May be stopped anywhere and repeated: before the note it begins anew, after it the rest of the rows go.
    Raises Conflict `month_open` or `usage_changed`, and BadFile.
    """
    if not _is_closed(month) or _may_change(month):
        raise Conflict(f"{month} is not over, or has calls that are not settled.", code="month_open")
    archived = ArchivedMonth.objects.filter(pk=month.first).first() or _move(month, folder)
    # Nothing is deleted that is not in a good file now.
    verify(folder, read_manifest(folder / f"usage-{month}.manifest.json"))
    while _delete_some(month):
        pass
    return archived


def _delete_some(month: UsageMonth) -> int:
    with transaction.atomic():
        # Against a restoration meanwhile, which takes the note away: its rows are to stay.
        if ArchivedMonth.objects.select_for_update(no_key=True).filter(pk=month.first).first() is None:
            raise Conflict(f"{month} is being restored.", code="usage_changed")
        keys = list(calls_of(month).values_list("pk", flat=True)[:BATCH])
        TokenUsage.objects.filter(pk__in=keys)._raw_delete("default")
    return len(keys)


def columns() -> list[str]:
    """Name the columns of the ledger that are written: all but those that the database works out."""
    return [one.attname for one in TokenUsage._meta.concrete_fields if not one.generated]


def _is_closed(month: UsageMonth) -> bool:
    return month.over_at + CLOSED_AFTER <= timezone.now()


def _may_change(month: UsageMonth) -> bool:
    """Whether a call is not settled, or was by estimate so lately that its record may still come."""
    lately = timezone.now() - LATE_RECORDS - MARGIN
    calls = calls_of(month).order_by()
    return calls.pending().exists() or calls.estimated().filter(settled_at__gte=lately).exists()


def _move(month: UsageMonth, folder: Path) -> ArchivedMonth:
    path = folder / f"usage-{month}.jsonl.gz"
    days_roll_up()
    adding = _Adding()
    calls, tokens, cost = write_rows(path, _passing(month, adding))
    manifest = Manifest(
        version=VERSION,
        month=str(month),
        file_name=path.name,
        sha256=digest_of(path),
        calls=calls,
        tokens=tokens,
        cost=str(cost),
    )
    write_manifest(folder, manifest)
    verify(folder, manifest)
    with transaction.atomic():
        rows_hold()
        # Reports read the sums of its days from then on, which nobody can work out again.
        if counters_of(month).filter(is_rolled_up=False).exists():
            raise Conflict(f"Days of {month} are not added up yet. Try again.", code="usage_changed")
        if _figures(month) != (calls, tokens, cost):
            raise Conflict(f"Calls of {month} were changed meanwhile. Try again.", code="usage_changed")
        return _note(month, manifest, cost, adding.sums)


def _passing(month: UsageMonth, adding: _Adding) -> Iterator[dict[str, Any]]:
    for row in calls_of(month).values(*columns()).iterator(chunk_size=BATCH):
        adding.add(row)
        yield row


def _figures(month: UsageMonth) -> tuple[int, int, Decimal]:
    found = (
        calls_of(month)
        .order_by()
        .aggregate(Count("pk"), Sum("total_tokens", default=0), Sum("total_cost", default=Decimal(0)))
    )
    calls, tokens, cost = found.values()
    return calls, tokens, cost


def _note(month: UsageMonth, manifest: Manifest, cost: Decimal, sums: Sums) -> ArchivedMonth:
    archived = ArchivedMonth.objects.create(
        month=month.first,
        file_name=manifest.file_name,
        sha256=manifest.sha256,
        calls=manifest.calls,
        tokens=manifest.tokens,
        cost=cost,
    )
    ArchivedSum.objects.bulk_create(
        (
            ArchivedSum(month=archived, kind=kind, subject_id=subject, tokens=tokens, cost=spent)
            for (kind, subject), (tokens, spent) in sums.items()
        ),
        batch_size=BATCH,
    )
    changes = {"calls": [manifest.calls, 0]}
    entry_add(Action.USAGE_ARCHIVE, subject=archived, actor_id=None, changes=changes)
    return archived
