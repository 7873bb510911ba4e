"""What is searched with: sets of words in Postgres, each holding its owner's id as one word more.

An index over such sets finds "this user's, with these words" in one go; without the owner it would have to
read everybody's rows that share a word.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import connection
from django.db.models import BooleanField, Expression, F, Func, Value

# Postgres would take what these join for one word: an address, a path, a number with its sign. With some
# locales every sign beyond ASCII counts as a letter, so those that stand beside words are named as well.
JOINERS: Final = (
    "-/.@:<>&+~_=?#"
    "\u00ab\u00bb\u00a1\u00bf\u00b7\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026"
    "\u3000\u3001\u3002\u300c\u300d\u300e\u300f\u3010\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
)
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_FOLLOWED_BY: Final = re.compile(r"<(?:-|\d+)>")


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
    """Give a session's set: the words of its title, marked A, its tags as they are, and its owner."""
    blanks = " " * len(JOINERS)
    title = f"setweight(to_tsvector('simple', translate(%(expressions)s, '{JOINERS}', '{blanks}')), 'A')"
    return Func(
        Func(F("title"), template=title),
        Func(F("tags"), template="array_to_tsvector(array_remove(%(expressions)s::text[], ''))"),
        Func(F("user"), template="array_to_tsvector(ARRAY['@' || %(expressions)s::text])"),
        arg_joiner=" || ",
        template="(%(expressions)s)",
        output_field=SearchVectorField(),
    )


def words_of_text(text: str, *, owner_id: uuid.UUID) -> Func:
    """Make the set of a text: neither order nor count of its words is kept, so it cannot be read back."""
    return Func(
        Func(Value(plain(text)), template="strip(to_tsvector('simple', %(expressions)s))"),
        Func(Value([owner_word(owner_id)]), template="array_to_tsvector(%(expressions)s::text[])"),
        arg_joiner=" || ",
        template="(%(expressions)s)",
        output_field=SearchVectorField(),
    )


def owner_word(owner_id: uuid.UUID) -> str:
    """Give the word that stands for an owner; no text has it, as no word of a text begins like this."""
    return f"@{owner_id}"


def plain(text: str) -> str:
    """Fold case and take joined words apart, as titles are in the database."""
    return unicodedata.normalize("NFC", text).lower().translate(_SIGNS)


def read_query(text: str) -> str | None:
    """Read what a person typed: all words, `or` between some, `-` before those unwanted.

    The last word may be unfinished. Returns None when there is no word in it.
    """
    terms = [
        f"-{word}" if term.startswith("-") else word for term in text.split() for word in plain(term).split()
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT websearch_to_tsquery('simple', %s)::text", [" ".join(terms)])
        # Sets of words know no order, so what is to follow is only to be there.
        query = _FOLLOWED_BY.sub("&", str(cursor.fetchone()[0]))
    if not query:
        return None
    return f"{query}:*" if text[-1].isalnum() and query.endswith("'") else query


def of_owner(query: str, *, owner_id: uuid.UUID) -> str:
    """Keep to one owner's sets."""
    return f"{quoted(owner_word(owner_id))} & ( {query} )"


def in_titles(query: str) -> str:
    """Keep to words that are marked as a title's."""
    return re.sub(rf"({_QUOTED.pattern}):\*|({_QUOTED.pattern})", _mark, query)


def all_of(words: Iterable[str]) -> str:
    """Ask for these very words."""
    return " & ".join(quoted(word) for word in words)


def quoted(word: str) -> str:
    """Write a word so that Postgres reads nothing else in it."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _mark(found: "re.Match[Any]") -> str:
    return f"{found[1]}:*A" if found[1] else f"{found[2]}:A"
