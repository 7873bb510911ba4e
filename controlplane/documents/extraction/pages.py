"""What was read from a file: pages, as one JSON line each between the child and its parent."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, slide, sheet or the whole; `number` counts from 1 and is None where a file has no pages.

    `text` is Markdown where the file has headings or tables.
    """

    number: int | None
    text: str

    def as_line(self) -> str:
        """Write it as one line."""
        return json.dumps({"page": asdict(self)}, ensure_ascii=False)
