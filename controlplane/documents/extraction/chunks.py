"""Cuts pages into chunks that are embedded and found one by one; each knows its page and its headings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from langchain_text_splitters import MarkdownHeaderTextSplitter, RecursiveCharacterTextSplitter

from controlplane.documents.extraction.pages import Page

# About what small embedding models see of a text, 256 tokens; what is longer they cut off without a word.
CHUNK_CHARACTERS = 1_000
OVERLAP_CHARACTERS = 150
HEADINGS = [("#" * depth, f"h{depth}") for depth in range(1, 5)]
LONGEST_HEADING = 300


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One piece of a document. `heading` is the path of headings above it, joined by " > ", or empty."""

    index: int
    page: int | None
    heading: str
    text: str

    @property
    def embedded_text(self) -> str:
        """What is embedded: the headings say what the piece itself often leaves out."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text


def chunks_of(pages: Iterable[Page], *, is_markdown: bool) -> Iterator[Chunk]:
    """Cut pages, the headings of one going on to the next where the file has no pages of its own."""
    pieces = RecursiveCharacterTextSplitter(
        chunk_size=CHUNK_CHARACTERS, chunk_overlap=OVERLAP_CHARACTERS, keep_separator=True
    )
    index = 0
    for page in pages:
        for heading, text in _sections(page.text) if is_markdown else [("", page.text)]:
            for piece in pieces.split_text(text):
                if piece.strip():
                    yield Chunk(index=index, page=page.number, heading=heading, text=piece.strip())
                    index += 1


def _sections(text: str) -> Iterator[tuple[str, str]]:
    splitter = MarkdownHeaderTextSplitter(HEADINGS, strip_headers=True)
    for section in splitter.split_text(text):
        path = [section.metadata[name] for _, name in HEADINGS if section.metadata.get(name)]
        yield " > ".join(path)[:LONGEST_HEADING], section.page_content
