"""Writes the rows of one user as JSON and CSV, one after the other, however many there are."""

import csv
import io
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from controlplane.takeout.tables import Table

ROWS_PER_FETCH = 500
# What a spreadsheet would take for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class Counted:
    """Rows that are counted while somebody reads them, once."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.number += 1
            yield row


def as_json(value: object) -> str:
    """Write one value; letters of all languages stay readable."""
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def rows_of(table: Table, *, owner_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """Read a user's rows of a table, some hundred at a time."""
    mine = table.model._default_manager.filter(**{table.owner: owner_id}).annotate(**table.computed)
    yield from mine.order_by(*table.order).values(*table.fields).iterator(chunk_size=ROWS_PER_FETCH)


def json_list(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Write rows as one JSON list, piece by piece."""
    between = "[\n"
    for row in rows:
        yield between + as_json(row)
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def csv_lines(table: Table, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Write rows as CSV, the names of the columns first."""
    yield _line(table.fields)
    for row in rows:
        yield _line(_cell(row[name]) for name in table.fields)


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: object) -> object:
    text = value if isinstance(value, str) else None
    return f"'{text}" if text and text.startswith(FORMULA_SIGNS) else value
