"""Refuses requests beyond the limits before anything expensive is done for them."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_ratelimit.core import get_usage
from rest_framework.exceptions import Throttled

from controlplane.accounts.throttling.familiar import note_sign_in
from controlplane.accounts.throttling.limits import Limit, account_of, address_of, is_sign_in, limits_of
from controlplane.api.fallbacks import answer_error

# The Agent Server calls for all users at once, and probes come often; both are within the network.
FREE_PREFIXES = ("/internal/", "/health/", f"/{settings.STATIC_URL.lstrip('/')}")


class ThrottleMiddleware:
    """Count each request once, a stream too; must come inside what reads the session's user."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(FREE_PREFIXES):
            return self.get_response(request)
        for limit in limits_of(request):
            seconds = _seconds_too_early(request, limit)
            if seconds is not None:
                return answer_error(request, Throttled(wait=seconds))
        if not is_sign_in(request):
            return self.get_response(request)
        # Before the view: a body that it has read cannot be read again.
        account = account_of(request)
        response = self.get_response(request)
        if account is not None:
            note_sign_in(request, response, address=address_of(request), account=account)
        return response


def _seconds_too_early(request: HttpRequest, limit: Limit) -> int | None:
    usage = get_usage(
        request,
        group=limit.group,
        key=lambda _group, _request: limit.counted,
        rate=limit.rate,
        increment=True,
    )
    if usage is None or not usage["should_limit"]:
        return None
    return max(1, int(usage["time_left"]))
