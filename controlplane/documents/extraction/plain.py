"""Text files in whatever encoding they came."""

from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.pages import Page


def text_of(path: Path) -> str:
    """Decode a file: UTF-8 where it is that, else the likeliest encoding. Raises ExtractionFailed."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        likeliest = from_bytes(content).best()
    if likeliest is None:
        raise ExtractionFailed(Failure.DAMAGED)
    return str(likeliest)


def text_pages(path: Path) -> Iterator[Page]:
    """Give a text as the one page it is."""
    yield Page(number=None, text=text_of(path))
