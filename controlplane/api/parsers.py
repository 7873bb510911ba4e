"""Reads bodies; what a parser cannot stand is the caller's error, not ours."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, JSONParser, MultiPartParser


class BoundedJSONParser(JSONParser):
    """DRF's parser, for which endless nesting is malformed; the middleware bounds the size.

    JSON is UTF-8: in a character set of the caller's choice one address could be spelled without end, and
    each spelling would count as an account of its own.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Parse one JSON document. Raises ParseError."""
        try:
            return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError as error:
            raise ParseError from error


class MalformedForm(ParseError):
    """The body is no form data that can be read."""


class BoundedMultiPartParser(MultiPartParser):
    """DRF's parser for forms with files; the middleware bounds the size, by what the view says it takes."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> "DataAndFiles[Any, Any]":
        """Parse one form. Raises MalformedForm."""
        try:
            return super().parse(stream, media_type, dict(parser_context or {}))
        except ParseError as error:
            raise MalformedForm from error
