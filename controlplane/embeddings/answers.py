"""Reads what a provider answered: as many vectors as texts, in their order, all of one length."""

import json
import math
from dataclasses import dataclass, field

LARGEST = 10**9


class Unreadable(ValueError):
    """Raised for an answer that is not what was asked for."""


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """Its vectors, and the tokens that it says it used; None when it says nothing."""

    vectors: list[list[float]] = field(repr=False)
    prompt_tokens: int | None


def read_answer(body: bytes, *, count: int) -> ReadAnswer:
    """Read an answer to a request for `count` texts. Raises Unreadable."""
    try:
        answer = json.loads(body)
        entries = sorted((entry["index"], entry["embedding"]) for entry in answer["data"])
    except (ValueError, RecursionError, TypeError, KeyError):
        raise Unreadable("no list of embeddings") from None
    if [index for index, _ in entries] != list(range(count)):
        raise Unreadable("not one embedding for each text")
    vectors = [_vector(entry) for _, entry in entries]
    if len({len(vector) for vector in vectors}) != 1:
        raise Unreadable("embeddings of several lengths")
    return ReadAnswer(vectors=vectors, prompt_tokens=_tokens(answer))


def _vector(entry: object) -> list[float]:
    if not isinstance(entry, list) or not entry or not all(_is_number(number) for number in entry):
        raise Unreadable("an embedding that is no vector")
    return [float(number) for number in entry]


def _is_number(value: object) -> bool:
    # A whole number may be too large to be one of a vector.
    return (isinstance(value, float) and math.isfinite(value)) or (
        type(value) is int and abs(value) < LARGEST
    )


def _tokens(answer: dict[str, object]) -> int | None:
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else None
