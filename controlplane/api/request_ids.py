"""One id per request, in the logs, in every error and in the answer's `X-Request-Id`."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-Id"
META_KEY = "HTTP_X_REQUEST_ID"
# A caller's id is copied into logs, so only a short plain one is taken over.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id_of(request: HttpRequest) -> str:
    """Give the id of a request that went through the middleware; empty for any other."""
    return str(request.META.get(META_KEY, ""))


class RequestIdMiddleware:
    """Give each request an id before anything else sees it; must come before django-structlog's."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not ACCEPTABLE.fullmatch(request_id_of(request)):
            request.META[META_KEY] = str(uuid.uuid4())
        if self._is_async:
            return self._label_later(request)
        return self._label(request, self.get_response(request))

    async def _label_later(self, request: HttpRequest) -> HttpResponseBase:
        return self._label(request, await self.get_response(request))

    def _label(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers[HEADER] = request_id_of(request)
        return response
