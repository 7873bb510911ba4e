"""Lets a DRF view wait for the Agent Server on the server's own loop, where the shared connection is."""

import inspect
from typing import Any

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.views import APIView


class AsyncAPIView(APIView):
    """An APIView whose handlers may be coroutines; the others, and DRF's own steps, run in a thread."""

    async def dispatch(  # type: ignore[override]  # Django awaits the views whose handlers are coroutines
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Run DRF's cycle: parse, authenticate, handle, present; errors look as in every other view."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            await sync_to_async(self.initial)(self.request, *args, **kwargs)
            handler = self._handler()
            in_turn = handler if inspect.iscoroutinefunction(handler) else sync_to_async(handler)
            response = await in_turn(self.request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  # handle_exception raises again what it does not know
            response = await sync_to_async(self.handle_exception)(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def _handler(self) -> Any:
        method = (self.request.method or "").lower()
        if method not in self.http_method_names:
            return self.http_method_not_allowed
        return getattr(self, method, self.http_method_not_allowed)


class AsyncViewSet(AsyncAPIView):
    """The same for a view set; to be named before the view set's own classes."""

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Any:
        """Tell Django to await the view, which its maker does not."""
        return markcoroutinefunction(super().as_view(*args, **kwargs))
