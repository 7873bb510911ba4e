"""Content security per response: strict everywhere, with what the admin's scripts need under the admin."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

ADMIN_PREFIX = "/admin/"


class ContentSecurityMiddleware(CSPMiddleware):
    """Unfold evaluates its attributes and writes styles inline; nothing else of ours does."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002  # the library's signature
    ) -> PolicyParts:
        """Widen the policy under the admin only."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN_PREFIX):
            parts.update = {"script-src": [UNSAFE_EVAL]}
            parts.replace = {"style-src": [SELF, UNSAFE_INLINE]}
        return parts
