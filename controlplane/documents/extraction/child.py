"""The process that reads one file and nothing else: `python -m … bounds path`, JSON lines on its output.

It needs neither settings nor a database, and has neither.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from controlplane.documents.extraction.bounds import Bounds
from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.kinds import ARCHIVES, Kind, kind_of
from controlplane.documents.extraction.pages import Page

READERS: Final = {
    Kind.PDF: ("pdf", "pdf_pages"),
    Kind.DOCX: ("prose", "docx_pages"),
    Kind.PPTX: ("slides", "pptx_pages"),
    Kind.XLSX: ("tables", "xlsx_pages"),
    Kind.EPUB: ("prose", "epub_pages"),
    Kind.HTML: ("prose", "html_pages"),
    Kind.MARKDOWN: ("plain", "text_pages"),
    Kind.CSV: ("tables", "csv_pages"),
    Kind.TEXT: ("plain", "text_pages"),
}


def main(words: list[str]) -> None:
    """Say the kind, then the pages, then that it was all or why not."""
    *limits, name = words
    bounds, path = Bounds.from_words(limits), Path(name)
    try:
        kind = kind_of(path)
        bounds.impose()
        _say({"kind": kind.value})
        _give(_pages(path, kind, bounds), bounds)
    except ExtractionFailed as failed:
        _say({"failure": failed.failure.value})
    except MemoryError:
        _say({"failure": Failure.TOO_LARGE_TO_READ.value})
    except Exception as error:  # noqa: BLE001  # readers fail on damaged files in as many ways as there are
        _say({"failure": Failure.DAMAGED.value, "error": type(error).__name__})


def _give(pages: Iterator[Page], bounds: Bounds) -> None:
    characters = 0
    for page in pages:
        text = page.text.replace("\x00", "")
        characters += len(text)
        if characters > bounds.characters:
            raise ExtractionFailed(Failure.TOO_LONG)
        if text.strip():
            print(Page(number=page.number, text=text).as_line(), flush=True)  # noqa: T201  # to its parent
    if not characters:
        raise ExtractionFailed(Failure.WITHOUT_TEXT)
    _say({"done": True})


def _pages(path: Path, kind: Kind, bounds: Bounds) -> Iterator[Page]:
    if kind in ARCHIVES:
        bounds.check_archive(path)
    module, name = READERS[kind]
    # Loaded here, and the one alone: some take a second, which most files need not wait for.
    pages: Iterator[Page] = getattr(import_module(f"{__package__}.{module}"), name)(path)
    return pages


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  # to its parent


if __name__ == "__main__":
    main(sys.argv[1:])
