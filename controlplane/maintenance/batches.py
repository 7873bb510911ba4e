"""Walks a table of any size in short steps, so that whoever works on them holds locks briefly."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet

# Some hundred rows are written in well under a second; whoever waits for one of them waits no longer.
BATCH = 200


def key_batches(rows: QuerySet[Any], *, by: str = "pk", size: int = BATCH) -> Iterator[list[Any]]:
    """Give the primary keys of rows, a batch at a time, in the order of a field that never changes.

    Nothing is locked. Rows that are added meanwhile behind the walk are left out.
    """
    last: tuple[Any, Any] | None = None
    while True:
        ahead = rows if last is None else rows.filter(_beyond(by, *last))
        page = list(ahead.order_by(by, "pk").values_list(by, "pk")[:size])
        if not page:
            return
        yield [key for _, key in page]
        last = page[-1]


def lock(rows: QuerySet[Any], keys: list[Any]) -> list[Any]:
    """Lock rows by their keys until the transaction ends, all in the same order, and read them."""
    locked = rows.filter(pk__in=keys).select_for_update(no_key=True, of=("self",))
    found: list[Model] = list(locked.order_by("pk"))
    return found


def _beyond(by: str, value: Any, key: Any) -> Q:
    # The first condition repeats what the others imply, so that an index can be walked from there.
    tied_or_later = Q(**{f"{by}__gt": value}) | Q(**{by: value, "pk__gt": key})
    return Q(**{f"{by}__gte": value}) & tied_or_later
