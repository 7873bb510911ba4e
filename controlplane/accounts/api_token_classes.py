"""The REST API's tokens: signed with the newest key and named by it, good under every published key."""

from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from controlplane.accounts.signing_keys import load_signing_key, verifying_keys


class RotatingKeys(TokenBackend):
    """Chooses the key by the token's `kid`, among elliptic-curve keys alone."""

    def encode(self, payload: dict[str, Any]) -> str:
        """Sign with the key that signs now."""
        signing = load_signing_key(settings.JWT_SIGNING_KEY_FILE)
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(claims, signing.key, algorithm=self.algorithm, headers={"kid": signing.key_id})

    def get_verifying_key(self, token: Token) -> Any:
        """Find the key that a token says it was signed with. Raises TokenBackendError."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")  # type: ignore[arg-type]  # the encoded text
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error
        key = verifying_keys().get(str(key_id))
        if key is None:
            raise TokenBackendError("Token is invalid")
        return key


_BACKEND = RotatingKeys("ES256", audience=api_settings.AUDIENCE, issuer=api_settings.ISSUER)


class ApiAccessToken(AccessToken):
    """What a caller shows with each request."""

    _token_backend = _BACKEND


class ApiRefreshToken(RefreshToken):
    """What a caller stays signed in by; a spent one is read too, to learn which sign-in it gives away."""

    _token_backend = _BACKEND
    access_token_class = ApiAccessToken

    def check_blacklist(self) -> None:
        """Leave the question to who spends it."""
