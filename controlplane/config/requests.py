"""Requests as the ASGI server brings them; bodies and queries are UTF-8, whatever the sender calls them."""

from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(ASGIRequest):
    """Never reads with a charset that the sender names.

    Django would read the query once more for it while the request is made, outside of all that shapes errors,
    so that too many parameters got no answer of ours; and would fail on forms in `base64` or `punycode`.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Utf8Handler(ASGIHandler):
    """Django's handler, for such requests."""

    request_class = Utf8Request
