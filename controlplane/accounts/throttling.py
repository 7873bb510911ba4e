"""Slows down the guessing of passwords, per caller's address and account."""

from hashlib import sha256

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class SignInThrottle(SimpleRateThrottle):
    """Counts attempts by address and e-mail together: one office does not lock itself out."""

    scope = "sign_in"

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002  # DRF's signature
        """Name the counter; the e-mail is hashed, so no key store lists accounts."""
        email = request.data.get("email", "") if isinstance(request.data, dict) else ""
        account = sha256(str(email).lower().encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": f"{self.get_ident(request)}-{account}"}
