"""Gives apps that sign in through allauth the same tokens as everybody."""

from typing import Any

from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError

from controlplane.accounts.api_tokens import issue_refresh_token, rotate_refresh_token
from controlplane.accounts.callers import user_of


class ApiTokens(SessionTokenStrategy):  # type: ignore[misc]  # allauth has no types for us
    """Access and refresh tokens of the REST API, once everything that signing in takes is done."""

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any] | None:
        """Make a pair for who has just signed in."""
        refresh = issue_refresh_token(user_of(request))
        return {"access_token": str(refresh.access_token), "refresh_token": str(refresh)}

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """Spend a refresh token for a new pair; None for one that is over."""
        try:
            refresh = rotate_refresh_token(refresh_token)
        except TokenError:
            return None
        return str(refresh.access_token), str(refresh)
