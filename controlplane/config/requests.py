"""Requests as the ASGI server brings them; bodies and queries are UTF-8, whatever the sender calls them."""

from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.utils.http import parse_header_parameters

from controlplane.config.patient_bodies import BoundedBody, Receive, Send, answer_refusal


class Utf8Request(ASGIRequest):
    """Never reads with a charset that the sender names.

    Django would read the query once more for it while the request is made, outside of all that shapes errors,
    so that too many parameters got no answer of ours; and would fail on forms in `base64` or `punycode`.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Utf8Handler(ASGIHandler):
    """Django's handler, for such requests, whose bodies come in time or not at all."""

    request_class = Utf8Request

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle a request; answers 408 or 413 before Django has one for a body beyond the bounds."""
        body = BoundedBody(receive, dict(scope["headers"]))
        await super().handle(scope, body, send)
        if body.refused is not None:
            await answer_refusal(body.refused, send)
