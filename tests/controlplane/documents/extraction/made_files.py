"""Files of every kind, made by the libraries that people's programs use."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import openpyxl
from fpdf import FPDF
from pptx import Presentation

# A heading and its paragraphs.
Section = tuple[str, Sequence[str]]


def pdf(sections: Sequence[Section]) -> bytes:
    """One page for each section."""
    book = FPDF()
    for heading, paragraphs in sections:
        book.add_page()
        book.set_font("helvetica", style="B", size=16)
        book.multi_cell(0, 10, heading, new_x="LMARGIN", new_y="NEXT")
        book.set_font("helvetica", size=11)
        for paragraph in paragraphs:
            book.multi_cell(0, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
            book.ln(3)
    return bytes(book.output())


def word(sections: Sequence[Section]) -> bytes:
    """A document with headings."""
    document = docx.Document()
    for heading, paragraphs in sections:
        document.add_heading(heading, level=1)
        for paragraph in paragraphs:
            document.add_paragraph(paragraph)
    return _saved(document.save)


def slides(sections: Sequence[Section]) -> bytes:
    """One slide for each section."""
    deck = Presentation()
    for heading, paragraphs in sections:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = "\n".join(paragraphs)
    return _saved(deck.save)


def sheet(sections: Sequence[Section]) -> bytes:
    """One row for each paragraph."""
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Subject", "What is known"])
    for heading, paragraphs in sections:
        for paragraph in paragraphs:
            page.append([heading, paragraph])
    return _saved(book.save)


def web_page(sections: Sequence[Section]) -> bytes:
    """A page with a menu and a script around it."""
    body = "".join(f"<h2>{head}</h2>" + "".join(f"<p>{one}</p>" for one in text) for head, text in sections)
    return (
        "<!doctype html><html><head><title>Notes</title><style>p{color:red}</style></head>"
        f"<body><script>track('everything')</script>{body}</body></html>"
    ).encode()


def markdown(sections: Sequence[Section]) -> bytes:
    """Headings and paragraphs."""
    return "\n\n".join(part for head, text in sections for part in (f"# {head}", *text)).encode()


def comma_separated(sections: Sequence[Section]) -> bytes:
    """One row for each paragraph."""
    rows = [f'"{head}","{one}"' for head, text in sections for one in text]
    return "\n".join(["subject,what is known", *rows]).encode()


def plain(sections: Sequence[Section]) -> bytes:
    """Paragraphs under lines."""
    return "\n\n".join(part for head, text in sections for part in (head, *text)).encode()


def epub(sections: Sequence[Section]) -> bytes:
    """A book with a chapter for each section."""
    names = [f"chapter{number}" for number, _ in enumerate(sections)]
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:identifier id="id">x</dc:identifier><dc:title>Notes</dc:title><dc:language>en</dc:language>'
        f"</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<?xml version="1.0"?><container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="content.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", compress_type=zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", container)
        book.writestr("content.opf", package)
        for name, (heading, paragraphs) in zip(names, sections, strict=True):
            text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
            page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{heading}</h1>{text}</body></html>'
            book.writestr(f"{name}.xhtml", f'<?xml version="1.0"?>{page}')
    return written.getvalue()


MAKERS: dict[str, Callable[[Sequence[Section]], bytes]] = {
    "pdf": pdf,
    "docx": word,
    "pptx": slides,
    "xlsx": sheet,
    "html": web_page,
    "markdown": markdown,
    "csv": comma_separated,
    "text": plain,
    "epub": epub,
}


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    written = io.BytesIO()
    save(written)
    return written.getvalue()


def written(folder: Path, name: str, content: bytes) -> Path:
    """Put it into a file."""
    path = folder / name
    path.write_bytes(content)
    return path
