"""Lets API callers in by access token, and keeps out whoever has been signed out since it was made."""

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from controlplane.accounts.api_tokens import user_of_token
from controlplane.accounts.models import CustomUser


class ApiTokenAuthentication(JWTAuthentication):
    """Access tokens, checked against the user's state on each request."""

    def get_user(self, validated_token: Token) -> CustomUser:  # type: ignore[override]  # always ours
        """Raises AuthenticationFailed when the token's user is gone, inactive or signed out since."""
        user = user_of_token(validated_token)
        if user is None:
            raise AuthenticationFailed("The token is no longer valid.", code="token_not_valid")
        return user
