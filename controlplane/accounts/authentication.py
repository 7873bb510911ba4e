"""Lets API callers in by access token or personal access token, unless they were signed out since."""

from typing import ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from controlplane.accounts.api_tokens import user_of_token
from controlplane.accounts.bearers import personal_token_of
from controlplane.accounts.models import CustomUser, PersonalAccessToken
from controlplane.accounts.models.personal_tokens import Scope
from controlplane.accounts.personal_tokens import personal_token_note_use
from controlplane.errors import Forbidden

SCOPE_BY_METHOD = {
    **dict.fromkeys(SAFE_METHODS, Scope.READ),
    **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), Scope.WRITE),
}


class ApiTokenAuthentication(JWTAuthentication):
    """Access tokens, checked against the user's state on each request."""

    def get_user(self, validated_token: Token) -> CustomUser:  # type: ignore[override]  # always ours
        """Raises AuthenticationFailed when the token's user is gone, inactive or signed out since."""
        user = user_of_token(validated_token)
        if user is None:
            raise AuthenticationFailed("The token is no longer valid.", code="token_not_valid")
        return user


class AccountOwnerOnly:
    """Marks views about the security of an account: no script's token may open them, whatever its scopes."""

    personal_token_scopes: ClassVar[dict[str, Scope]] = {}


class PersonalTokenAuthentication(BaseAuthentication):
    """Personal access tokens, each method only with its scope.

    A view that asks for other scopes says so by `personal_token_scopes`; a method that is not there is
    closed to these tokens.
    """

    def authenticate(self, request: Request) -> tuple[CustomUser, PersonalAccessToken] | None:
        """Let the token's user in; None for callers who name themselves otherwise.

        Raises AuthenticationFailed for a token that is unknown or over, Forbidden `scope_missing`.
        """
        presented = personal_token_of(request._request)
        if presented is None:
            return None
        if presented.token is None:
            raise AuthenticationFailed("The token is no longer valid.")
        self._require_scope(request, presented.token)
        personal_token_note_use(presented.token)
        return presented.token.user, presented.token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  # DRF's signature
        """Name the way to sign in, for answers with 401."""
        return 'Bearer realm="api"'

    def _require_scope(self, request: Request, token: PersonalAccessToken) -> None:
        view = (request.parser_context or {}).get("view")
        allowed = getattr(view, "personal_token_scopes", SCOPE_BY_METHOD)
        needed = allowed.get(request.method or "")
        if needed is None:
            raise Forbidden("Personal access tokens cannot do this.", code="personal_token_not_allowed")
        if needed not in token.scopes:
            raise Forbidden(
                "The token lacks the scope for this.", code="scope_missing", details={"scope": str(needed)}
            )
