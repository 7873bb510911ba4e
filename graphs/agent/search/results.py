"""What a search finds, in the same bounded words whoever searched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LONGEST_TITLE: Final = 200
LONGEST_ADDRESS: Final = 500
LONGEST_EXCERPT: Final = 600
NOTHING: Final = "Nothing was found."


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page that fits the question."""

    title: str
    address: str
    excerpt: str


def read_results(answers: Iterable[Any], *, address: str, excerpt: str, most: int) -> list[Found]:
    """Read a provider's results, whose fields it names; what leads to no page is passed over."""
    found = [_read(answer, address, excerpt) for answer in answers if isinstance(answer, Mapping)]
    return [one for one in found if one.address.startswith(("http://", "https://"))][:most]


def in_words(found: list[Found]) -> str:
    """Write the results for the model."""
    lines = [
        f"{place}. {one.title or 'Untitled'}\n{one.address}\n{one.excerpt}"
        for place, one in enumerate(found, start=1)
    ]
    return "\n\n".join(lines) or NOTHING


def _read(answer: Mapping[str, Any], address: str, excerpt: str) -> Found:
    place = str(answer.get(address) or "").strip()
    return Found(
        title=_line(answer.get("title"), LONGEST_TITLE),
        # Cut off it would lead elsewhere.
        address=place if len(place) <= LONGEST_ADDRESS else "",
        excerpt=_line(answer.get(excerpt), LONGEST_EXCERPT),
    )


def _line(value: object, longest: int) -> str:
    # A bound before the splitting as well: some providers give whole pages.
    text = " ".join(str(value or "")[: 4 * longest].split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
