"""Filters over what is stored with chunks, in the words of PGVector, turned into SQL that can only narrow."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from psycopg import sql
from psycopg.types.json import Jsonb

from controlplane.errors import Invalid

# What may be asked for; whose a chunk is, is not among them: that is never the caller's to say.
TEXTS: Final = frozenset(
    {"document_id", "chat_session_id", "file_name", "file_type", "category", "heading", "tags"}
)
NUMBERS: Final = frozenset({"page", "chunk"})
DATES: Final = frozenset({"uploaded_at"})
COMPARISONS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
MOST_CONDITIONS: Final = 20
MOST_VALUES: Final = 100
LONGEST_VALUE: Final = 500
LARGEST_NUMBER: Final = 10**9

Conditions = list[sql.Composable]


def conditions_of(filters: Mapping[str, Any]) -> Conditions:
    """Turn `{"category": {"$eq": "research"}, "tags": {"$in": ["tea"]}}` into conditions on `cmetadata`.

    A bare value means `$eq`; `tags` fit when one of them does. Raises Invalid naming the field.
    """
    if len(filters) > MOST_CONDITIONS:
        raise _bad("filter", f"At most {MOST_CONDITIONS} fields are taken.")
    conditions: Conditions = []
    for name, wanted in filters.items():
        asked = wanted if isinstance(wanted, Mapping) else {"$eq": wanted}
        if len(asked) > MOST_CONDITIONS:
            raise _bad(name, "Too many conditions.")
        conditions += [_condition(name, operator, value) for operator, value in asked.items()]
    return conditions


def _condition(name: str, operator: str, value: object) -> sql.Composable:
    if name not in TEXTS | NUMBERS | DATES:
        raise _bad(name, "There is no such field.")
    if operator == "$eq":
        return _one_of(name, [value])
    if operator == "$in" and isinstance(value, list) and 0 < len(value) <= MOST_VALUES:
        return _one_of(name, value)
    if operator in COMPARISONS and name not in TEXTS:
        return _compared(name, COMPARISONS[operator], value)
    raise _bad(name, f"Use $eq, $in with 1 to {MOST_VALUES} values, or for numbers and dates $gt to $lte.")


def _one_of(name: str, values: list[object]) -> sql.Composable:
    checked = [_checked(name, value) for value in values]
    if name == "tags":
        return sql.SQL("jsonb_exists_any(e.cmetadata->'tags', {})").format(sql.Literal(checked))
    same = [sql.SQL("e.cmetadata @> {}").format(sql.Literal(Jsonb({name: value}))) for value in checked]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(same))


def _compared(name: str, sign: str, value: object) -> sql.Composable:
    checked = _checked(name, value)
    kind = sql.SQL("numeric" if name in NUMBERS else "timestamptz")
    return sql.SQL("(e.cmetadata->>{})::{} {} {}::{}").format(
        sql.Literal(name), kind, sql.SQL(sign), sql.Literal(str(checked)), kind
    )


def _checked(name: str, value: object) -> str | int:
    if name in NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER:
            return value
        raise _bad(name, "Send a whole number.")
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_VALUE or "\x00" in value:
        raise _bad(name, f"Send a text of 1 to {LONGEST_VALUE} characters.")
    if name in DATES:
        return _moment(name, value)
    return value


def _moment(name: str, value: str) -> str:
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError as error:
        raise _bad(name, "Send a moment as in 2026-03-01T10:00:00Z.") from error


def _bad(name: str, complaint: str) -> Invalid:
    field = name if name == "filter" else f"filter.{name}"
    return Invalid("The filter cannot be used.", fields={field: [complaint]})
