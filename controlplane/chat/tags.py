"""Tags: a user's own words for their sessions, few, short, and the same however they are typed."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from controlplane.errors import Invalid

LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20


def tag_normalize(tag: str) -> str:
    """Write a tag the one way: composed, lower case, single blanks. Raises Invalid for what is none."""
    written = " ".join(unicodedata.normalize("NFKC", tag).lower().split())
    if not written:
        raise _refusal("A tag has at least one letter.")
    if len(written) > LONGEST_TAG:
        raise _refusal(f"A tag has at most {LONGEST_TAG} characters.")
    if not written.isprintable():
        raise _refusal("A tag has printable characters only.")
    return written


def tags_normalize(tags: Iterable[str]) -> list[str]:
    """Write tags the one way, each once, in the order given. Raises Invalid."""
    written = list(dict.fromkeys(tag_normalize(tag) for tag in tags))
    if len(written) > MOST_TAGS:
        raise _refusal(f"A session has at most {MOST_TAGS} tags.")
    return written


def _refusal(complaint: str) -> Invalid:
    return Invalid("These tags cannot be kept.", fields={"tags": [complaint]})
