"""Serves static files without making every other request wait in a thread, as WhiteNoise alone does."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # ships no types


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # as above
    """WhiteNoise for both kinds of server: a request for anything else is passed on as it came."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not self._is_async:
            return super().__call__(request)
        if self.autorefresh or request.path_info in self.files:
            return self._serve_later(request)
        return self.get_response(request)

    async def _serve_later(self, request: HttpRequest) -> HttpResponseBase:
        found = await sync_to_async(self._find_and_read)(request)
        if found is not None:
            return found
        passed_on: HttpResponseBase = await self.get_response(request)
        return passed_on

    def _find_and_read(self, request: HttpRequest) -> HttpResponse | None:
        """Read the file whole: a file's iterator would be consumed in threads, chunk by chunk."""
        found = self.find_file(request.path_info) if self.autorefresh else self.files.get(request.path_info)
        if found is None:
            return None
        served = self.serve(found, request)
        with closing(served):
            whole = HttpResponse(b"".join(served.streaming_content), status=served.status_code)
        del whole["Content-Type"]
        for name, value in served.headers.items():
            whole[name] = value
        return whole
