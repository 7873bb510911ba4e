"""Keeps the error shape where DRF has no say: unknown paths, other middleware, plain views, crashes."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from controlplane.api.exceptions import answer_problem
from controlplane.api.problems import describe, describe_status

MACHINE_PREFIXES = ("/api/", "/internal/")


def is_for_machines(request: HttpRequest) -> bool:
    """Whether errors at this address are JSON."""
    return request.path_info.startswith(MACHINE_PREFIXES)


def _largest_body(request: HttpRequest) -> int:
    """Ask the view at this address how much it takes; few say anything."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return 0
    takes: Callable[[], int] | None = getattr(getattr(view, "cls", None), "largest_body", None)
    return takes() if takes else 0


class ErrorShapeMiddleware:
    """Answer every error under the machine prefixes as JSON; pages for people are left alone.

    Must come outside all middleware whose failures it shall shape, and inside the one that gives request ids.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not is_for_machines(request):
            return self.get_response(request)
        if self._is_async:
            return self._answer_later(request)
        return self._refuse(request) or self._shape(request, self.get_response(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an error that a view raised; one that nobody foresaw goes on, so that Django reports it."""
        if not is_for_machines(request):
            return None
        problem = describe(error)
        return None if problem is None else answer_problem(problem, request=request, error=error)

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        return self._refuse(request) or self._shape(request, await self.get_response(request))

    def _refuse(self, request: HttpRequest) -> HttpResponseBase | None:
        # DRF reads the stream itself, past Django's own check, and takes a body of unknown length for none.
        status = self._body_refused(request)
        return None if status is None else answer_problem(describe_status(status), request=request)

    def _body_refused(self, request: HttpRequest) -> HTTPStatus | None:
        length = request.META.get("CONTENT_LENGTH")
        if not length:
            return HTTPStatus.LENGTH_REQUIRED if request.META.get("HTTP_TRANSFER_ENCODING") else None
        usual = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if usual is None or not length.isdigit() or int(length) <= usual:
            return None
        return None if int(length) <= _largest_body(request) else HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def _shape(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code < HTTPStatus.BAD_REQUEST or self._is_json(response):
            return response
        shaped = answer_problem(describe_status(response.status_code), request=request)
        for name in ("Allow", "WWW-Authenticate", "Retry-After"):
            if name in response.headers:
                shaped.headers[name] = response.headers[name]
        return shaped

    def _is_json(self, response: HttpResponseBase) -> bool:
        return response.headers.get("Content-Type", "").startswith("application/json")
