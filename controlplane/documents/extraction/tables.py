"""Rows of tables as lines that stand for themselves: each names its columns."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from openpyxl import load_workbook  # type: ignore[import-untyped]  # ships no types

from controlplane.documents.extraction.pages import Page
from controlplane.documents.extraction.plain import text_of

LONGEST_CELL = 10_000
ROWS_PER_PAGE = 500


def csv_pages(path: Path) -> Iterator[Page]:
    """Read a CSV file whose first row names the columns; a page is some hundred rows and has no number."""
    lines = text_of(path).splitlines()
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff("\n".join(lines[:50]), ",;\t|")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(LONGEST_CELL * 100)
    for text in _in_pages(csv.reader(lines, dialect)):
        yield Page(number=None, text=text)


def xlsx_pages(path: Path) -> Iterator[Page]:
    """Read the sheets of a workbook, a page each under its name; formulas by their last values."""
    with path.open("rb") as file, closing(load_workbook(file, read_only=True, data_only=True)) as book:
        for number, sheet in enumerate(book.worksheets, start=1):
            rows = (
                ["" if cell is None else str(cell) for cell in row]
                for row in sheet.iter_rows(values_only=True)
            )
            for text in _in_pages(rows):
                yield Page(number=number, text=f"# {sheet.title}\n\n{text}")


def _in_pages(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines: list[str] = []
    for line in _lines(rows):
        lines.append(line)
        if len(lines) == ROWS_PER_PAGE:
            yield "\n\n".join(lines)
            lines = []
    if lines:
        yield "\n\n".join(lines)


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    head: list[str] | None = None
    for row in rows:
        cells = [cell.strip()[:LONGEST_CELL] for cell in row]
        if not any(cells):
            continue
        if head is None:
            head = cells
            yield " | ".join(cell for cell in cells if cell)
            continue
        names = [*head, *[""] * (len(cells) - len(head))]
        yield "; ".join(
            f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
        )
