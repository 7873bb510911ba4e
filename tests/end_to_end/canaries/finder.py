"""Finds a secret in whatever form it may have been kept: whole or by halves, plain or encoded."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

# Halves of shorter ones are found by chance.
SHORTEST_WITH_HALVES = 24


@dataclass(frozen=True)
class Canary:
    """One secret of the system; `text` stays out of what a failing test prints."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def forms(self) -> dict[str, bytes]:
        """Give what is looked for, by what it is called."""
        return {
            f"{part} {form}": needle
            for part, text in self._parts()
            for form, needle in encoded(text)
            if needle
        }

    def _parts(self) -> Iterator[tuple[str, str]]:
        yield "whole", self.text
        if len(self.text) >= SHORTEST_WITH_HALVES:
            middle = len(self.text) // 2
            yield "first half", self.text[:middle]
            yield "second half", self.text[middle:]


@dataclass(frozen=True, order=True)
class Hit:
    """A secret in a place where it must not be."""

    place: str
    where: str
    canary: str
    form: str


def encoded(text: str) -> Iterator[tuple[str, bytes]]:
    """Give a text in the forms in which it may be written; base64 at each offset to its groups of three."""
    raw = text.encode()
    yield "plain", raw
    yield "in hex", raw.hex().encode()
    yield "in HEX", raw.hex().upper().encode()
    yield "in UTF-16", text.encode("utf-16-le")
    if (quoted := quote(text, safe="").encode()) != raw:
        yield "in a URL", quoted
    if (escaped := json.dumps(text)[1:-1].encode()) != raw:
        yield "in JSON", escaped
    for offset in range(3):
        # The characters that depend on the neighbours are cut off.
        size = (offset + len(raw)) // 3 * 3 - offset
        group = base64.b64encode(bytes(offset) + raw[:size])[offset and offset + 1 :]
        yield f"in base64 at {offset}", group
        if (of_urls := group.translate(bytes.maketrans(b"+/", b"-_"))) != group:
            yield f"in URL-safe base64 at {offset}", of_urls


def search(place: str, contents: Iterable[tuple[str, bytes]], canaries: Iterable[Canary]) -> list[Hit]:
    """Look for every secret in everything that a place holds; the first form found tells of it."""
    wanted = list(canaries)
    found = []
    for where, content in contents:
        for canary in wanted:
            form = next((name for name, needle in canary.forms.items() if needle in content), None)
            if form is not None:
                found.append(Hit(place, where, canary.name, form))
    return sorted(found)
