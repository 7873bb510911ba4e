"""Computed columns of admin lists, typed: the library's own decorator is not."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.functional import Promise
from unfold.decorators import display  # type: ignore[import-untyped]  # ships no types

Show = TypeVar("Show", bound=Callable[..., Any])


def column(
    heading: str | Promise,
    *,
    ordering: str | None = None,
    empty: str | None = None,
    colours: Mapping[str, str] | None = None,
    is_label: bool = False,
    is_mark: bool = False,
) -> Callable[[Show], Show]:
    """Turn a method into a column; `colours` maps its words to success, info, warning or danger."""

    def describe(show: Show) -> Show:
        described: Show = display(
            description=heading,
            ordering=ordering,
            empty_value=empty,
            boolean=is_mark or None,
            label=dict(colours) if colours else (True if is_label else None),
        )(show)
        return described

    return describe
