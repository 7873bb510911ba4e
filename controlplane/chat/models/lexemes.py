"""What is searched with: sets of words in Postgres, each word with its owner's id before it.

In an index over such sets the words of one owner stand together, so that even all that begin like the last
one typed are found without reading what others have said.
"""

import re
import string
import unicodedata
import uuid
from collections.abc import Iterable
from typing import Final

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, Expression, F, Func, Value

# What stands between the words of a title; the sign of per cent has a meaning of its own in a template.
SIGNS: Final = (
    "".join(sign for sign in string.punctuation if sign != "%") + "\t\n\r"
    "\u00ab\u00bb\u00a1\u00bf\u00b7\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026"
    "\u3000\u3001\u3002\u300c\u300d\u300e\u300f\u3010\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
)
# Enough of an owner's id that hardly two share it; whose a row is, is asked of the row.
OWNER_LETTERS: Final = 8
LONGEST_WORD: Final = 100
_QUOTED: Final = re.compile(r"('(?:[^']|'')*')(:\*)?")


class _Signs(dict[int, int]):
    """What becomes of each character: letters, digits and marks stay, all else is a blank."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        stays = character.isalnum() or unicodedata.category(character).startswith("M")
        self[code] = code if stays else ord(" ")
        return self[code]


_SIGNS: Final = _Signs()


class Matches(Func):
    """Whether a set of words fulfils a query; a condition that a GIN index answers."""

    arg_joiner = " @@ "
    template = "(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, words: Expression | F, query: str) -> None:
        super().__init__(words, Func(Value(query), template="%(expressions)s::tsquery"))


def words_of_session() -> Func:
    """Give a session's set: its title's words, with the owner (marked A) and without, and its tags."""
    split = "array_to_tsvector(array_remove(string_to_array({text}, ' '), ''))"
    signs, blanks = SIGNS.replace("'", "''"), " " * (len(SIGNS) + 1)
    folded = f", '{signs}' || chr(37), '{blanks}'))"
    # Two blanks in front: between them is the owner's empty word.
    owned_words = f"replace('  ' || lower(translate(%(expressions)s::text, {OWNER_LETTERS}) || ':')"
    plain_words = f"lower(translate(%(expressions)s{folded}"
    return Func(
        Func(
            F("title"),
            F("user"),
            arg_joiner=f"{folded}, ' ', ' ' || right(",
            template=f"setweight({split.format(text=owned_words)}, 'A')",
        ),
        Func(F("title"), template=split.format(text=plain_words)),
        Func(F("tags"), template="array_to_tsvector(array_remove(%(expressions)s::text[], ''))"),
        arg_joiner=" || ",
        template="(%(expressions)s)",
        output_field=SearchVectorField(),
    )


def words_of_text(text: str, *, owner_id: uuid.UUID) -> Func:
    """Make the set of a text: neither order nor count of its words is kept, so it cannot be read back."""
    words = {owned(word, owner_id) for word in ("", *plain(text).split())}
    return Func(
        Value(sorted(words)),
        template="array_to_tsvector(%(expressions)s::text[])",
        output_field=SearchVectorField(),
    )


def owned(word: str, owner_id: uuid.UUID) -> str:
    """Put the owner before a word, so that one owner's words stand together in the index."""
    return f"{str(owner_id)[-OWNER_LETTERS:]}:{word[:LONGEST_WORD]}"


def plain(text: str) -> str:
    """Fold case and put blanks for signs, as for titles in the database."""
    return unicodedata.normalize("NFC", text).lower().translate(_SIGNS)


def read_query(text: str, *, owner_id: uuid.UUID | None = None) -> str | None:
    """Read what a person typed: all words, `or` between some, `-` before those unwanted.

    Within one owner's sets, where the last word may be unfinished, or in everybody's titles. Returns None
    when no word is wanted or unwanted.
    """
    groups: list[list[str]] = [[]]
    for term in text.split():
        if term.lower() == "or":
            groups.append([])
            continue
        not_this = "!" if term.startswith("-") else ""
        words = plain(term).split()
        groups[-1] += [not_this + quoted(owned(word, owner_id) if owner_id else word) for word in words]
    if owner_id and text[-1:].isalnum() and groups[-1]:
        groups[-1][-1] += ":*"
    return " | ".join(_anchored(group, owner_id) for group in groups if group) or None


def in_titles(query: str) -> str:
    """Keep to words that are marked as an owned title's."""
    return _QUOTED.sub(lambda found: f"{found[1]}{':*A' if found[2] else ':A'}", query)


def all_of(words: Iterable[str]) -> str:
    """Ask for these very words."""
    return " & ".join(quoted(word) for word in words)


def quoted(word: str) -> str:
    """Write a word so that Postgres reads nothing else in it."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _anchored(group: list[str], owner_id: uuid.UUID | None) -> str:
    """Add the owner's empty word, which all their sets hold: without a wanted word all sets would be read."""
    return " & ".join([quoted(owned("", owner_id)), *group] if owner_id else group)
