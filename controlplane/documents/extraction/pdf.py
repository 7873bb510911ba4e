"""PDF files, page by page."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types

from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.pages import Page


def pdf_pages(path: Path) -> Iterator[Page]:
    """Give the text of each page that has any. Raises ExtractionFailed, also when none has."""
    document = _open(path)
    try:
        has_text = False
        for number in range(len(document)):
            text = _text(document, number)
            has_text = has_text or bool(text.strip())
            if text.strip():
                yield Page(number=number + 1, text=text)
    finally:
        document.close()
    if not has_text:
        raise ExtractionFailed(Failure.WITHOUT_TEXT)


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        is_locked = error.err_code == pdfium.raw.FPDF_ERR_PASSWORD
        raise ExtractionFailed(Failure.ENCRYPTED if is_locked else Failure.DAMAGED) from error


def _text(document: pdfium.PdfDocument, number: int) -> str:
    try:
        page = document[number]
        text = page.get_textpage()
        try:
            return str(text.get_text_range()).replace("\r\n", "\n").replace("\ufffe", "")
        finally:
            text.close()
            page.close()
    except pdfium.PdfiumError as error:
        raise ExtractionFailed(Failure.DAMAGED) from error
