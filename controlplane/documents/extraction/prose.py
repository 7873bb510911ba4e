"""Documents of running text with headings, as Markdown: Word, HTML and EPUB."""

import io
from collections.abc import Iterator
from pathlib import Path

from markitdown import DocumentConverter, MarkItDown, StreamInfo
from markitdown.converters import DocxConverter, EpubConverter, HtmlConverter

from controlplane.documents.extraction.pages import Page
from controlplane.documents.extraction.plain import text_of


def docx_pages(path: Path) -> Iterator[Page]:
    """Give a Word document as one page: it has none before it is printed."""
    yield _read(path.read_bytes(), DocxConverter, StreamInfo(extension=".docx"))


def epub_pages(path: Path) -> Iterator[Page]:
    """Give a book's chapters, in their order, as one page."""
    yield _read(path.read_bytes(), EpubConverter, StreamInfo(extension=".epub"))


def html_pages(path: Path) -> Iterator[Page]:
    """Give a web page's text and headings, without scripts and styles."""
    told = StreamInfo(extension=".html", charset="utf-8")
    yield _read(text_of(path).encode(), HtmlConverter, told)


def _read(content: bytes, converter: type[DocumentConverter], told: StreamInfo) -> Page:
    reader = MarkItDown(enable_builtins=False, enable_plugins=False)
    reader.register_converter(converter())
    return Page(number=None, text=reader.convert_stream(io.BytesIO(content), stream_info=told).markdown)
