"""The kinds of files that can be read, told apart by what is in them and never by their names."""

import re
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from magika import Magika

from controlplane.documents.extraction.failures import ExtractionFailed, Failure


class Kind(StrEnum):
    """What a file is."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    EPUB = "epub"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    TEXT = "text"


MEDIA_TYPES: Final = {
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.EPUB: "application/epub+zip",
    Kind.HTML: "text/html",
    Kind.MARKDOWN: "text/markdown",
    Kind.CSV: "text/csv",
    Kind.TEXT: "text/plain",
}
ARCHIVES: Final = frozenset({Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.EPUB})
# Also of one that is cut off after a few bytes, which looks like a text otherwise.
PDF_MARK: Final = b"%PDF-"
# A line of its own under `#`; comments of programs stand next to code.
HEADING: Final = re.compile(rb"(?:\A|\n\r?\n)#{1,6} \S[^\n]*\r?\n\r?\n")
LOOKED_THROUGH: Final = 100_000
FEWEST_HEADINGS: Final = 2
_BY_LABEL: Final = {
    "pdf": Kind.PDF,
    "docx": Kind.DOCX,
    "pptx": Kind.PPTX,
    "xlsx": Kind.XLSX,
    "epub": Kind.EPUB,
    "html": Kind.HTML,
    "markdown": Kind.MARKDOWN,
    "csv": Kind.CSV,
    "tsv": Kind.CSV,
}


def kind_of(path: Path) -> Kind:
    """Tell what a file is by its content. Raises ExtractionFailed for one that is empty or not supported."""
    if not path.stat().st_size:
        raise ExtractionFailed(Failure.EMPTY)
    with path.open("rb") as file:
        if file.read(len(PDF_MARK)) == PDF_MARK:
            return Kind.PDF
    found = _recognizer().identify_path(path).output
    if found.label in _BY_LABEL:
        return _BY_LABEL[found.label]
    if found.is_text:
        return Kind.MARKDOWN if _has_headings(path) else Kind.TEXT
    raise ExtractionFailed(Failure.KIND_NOT_SUPPORTED)


@cache
def _recognizer() -> Magika:
    """Load the network once in a process."""
    return Magika()


def _has_headings(path: Path) -> bool:
    with path.open("rb") as file:
        return len(HEADING.findall(file.read(LOOKED_THROUGH))) >= FEWEST_HEADINGS
