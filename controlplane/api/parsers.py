"""Reads JSON bodies of bounded size, also those that did not say how long they are."""

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """DRF's parser, which stops at the size that Django allows: a chunked body has no Content-Length."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Parse one JSON document; raises RequestDataTooBig or ParseError."""
        largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read() if largest is None else stream.read(largest + 1)
        if largest is not None and len(body) > largest:
            raise RequestDataTooBig
        try:
            return super().parse(io.BytesIO(body), media_type, dict(parser_context or {}))
        except RecursionError as error:
            raise ParseError from error
