"""Lets the Agent Server, and nobody else, into the internal endpoints: by a shared secret in a header."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from controlplane.errors import Forbidden

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[HttpRequest, Parameters], HttpResponse]


def agent_server_only(view: View[Parameters]) -> View[Parameters]:
    """Answer 403 `forged_request` unless the caller knows CONTROL_PLANE_SECRET."""
    return _guarded(
        view, header="X-Threadplane-Secret", setting="CONTROL_PLANE_SECRET", code="forged_request"
    )


def run_webhook_only(view: View[Parameters]) -> View[Parameters]:
    """Answer 403 `forged_webhook` unless the caller knows LG_WEBHOOK_SECRET."""
    return _guarded(view, header="X-Threadplane-Webhook", setting="LG_WEBHOOK_SECRET", code="forged_webhook")


def _guarded(view: View[Parameters], *, header: str, setting: str, code: str) -> View[Parameters]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponse:
        given = request.headers.get(header, "").encode()
        if not secrets.compare_digest(given, getattr(settings, setting).encode()):
            raise Forbidden("Only the Agent Server may call this.", code=code)
        return view(request, *args, **kwargs)

    return cast("View[Parameters]", csrf_exempt(guarded))
