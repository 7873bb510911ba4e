"""What browsers are told per response: strict everywhere, but for what the admin's scripts need."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

ADMIN_PREFIX = "/admin/"


class ContentSecurityMiddleware(CSPMiddleware):
    """Unfold evaluates its attributes and writes styles inline; nothing else of ours does.

    Must come outside whatever answers by itself, so that there is no answer without a policy.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the policy and what else browsers are to know."""
        for name, value in settings.BROWSER_HEADERS.items():
            response.headers.setdefault(name, value)
        return super().process_response(request, response)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002  # the library's signature
    ) -> PolicyParts:
        """Widen the policy under the admin only."""
        parts = super().get_policy_parts(request, response, report_only)
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            # Whatever a browser takes it for, it runs nothing and sends nothing.
            parts.update = {"sandbox": [True]}
            return parts
        if request.path_info.startswith(ADMIN_PREFIX):
            parts.update = {"script-src": [UNSAFE_EVAL]}
            parts.replace = {"style-src": [SELF, UNSAFE_INLINE]}
        return parts
