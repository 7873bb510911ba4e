"""Refuses bodies at which allauth's JSON API breaks down: endless nesting, long numbers, half characters."""

import json
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ParseError

from controlplane.api.fallbacks import answer_error


class ReadableBodyMiddleware:
    """Look at what is sent to the sign-up API; must come inside the throttle."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(settings.SIGN_IN_PREFIX) and not _is_bearable(request.body):
            return answer_error(request, ParseError())
        return self.get_response(request)


def _is_bearable(body: bytes) -> bool:
    try:
        json.dumps(json.loads(body.decode()), ensure_ascii=False).encode()
    except (json.JSONDecodeError, UnicodeDecodeError):
        # No JSON at all, a form for instance: the library knows what to say.
        return True
    except (ValueError, RecursionError):
        return False
    return True
