"""Tables as CSV, streamed and bounded, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

MOST_ROWS: Final = 10_000
ROWS_PER_CHUNK: Final = 200
# What a spreadsheet would take for the beginning of a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def stream_csv(
    request: HttpRequest, *, name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Answer with a file of so many rows at most; they are read while it is sent."""
    chunks = _encode(heading, rows)
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_in_a_thread(chunks) if is_async else chunks, content_type="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _encode(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(heading)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value) for value in row])
        if number % ROWS_PER_CHUNK == 0:
            yield _take(buffer)
        if number == MOST_ROWS:
            break
    yield _take(buffer)


def _take(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cell(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


async def _in_a_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    take = sync_to_async(lambda: next(chunks, None))
    while (chunk := await take()) is not None:
        yield chunk
