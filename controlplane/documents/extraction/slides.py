"""Presentations, slide by slide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError

from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.pages import Page

DEEPEST_GROUP = 20


def pptx_pages(path: Path) -> Iterator[Page]:
    """Give each slide's title, texts, tables and notes. Raises ExtractionFailed."""
    try:
        presentation = Presentation(str(path))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise ExtractionFailed(Failure.DAMAGED) from error
    for number, slide in enumerate(presentation.slides, start=1):
        parts = [*_title(slide), *_texts(slide.shapes, slide.shapes.title)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            parts.append(slide.notes_slide.notes_text_frame.text)
        if text := "\n\n".join(part for part in parts if part.strip()):
            yield Page(number=number, text=text)


def _title(slide: Any) -> list[str]:
    title = slide.shapes.title
    return (
        [f"# {' '.join(title.text_frame.text.split())}"]
        if title is not None and title.text_frame.text
        else []
    )


def _texts(shapes: Any, title: Any, depth: int = 0) -> Iterator[str]:
    for shape in shapes:
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False) and shape.has_table:
            yield "\n".join(" | ".join(cell.text for cell in row.cells) for row in shape.table.rows)
        elif hasattr(shape, "shapes") and depth < DEEPEST_GROUP:
            yield from _texts(shape.shapes, title, depth + 1)
