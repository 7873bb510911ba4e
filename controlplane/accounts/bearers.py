"""Reads who a request says it comes from, once per request, for the throttle and for authentication alike."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings

from controlplane.accounts.api_token_classes import ApiAccessToken
from controlplane.accounts.models import CustomUser, PersonalAccessToken
from controlplane.accounts.personal_tokens import MARK, personal_token_find

SCHEME = "bearer "
_KEPT_AS = "_threadplane_personal_token"


@dataclass(frozen=True)
class Presented:
    """A personal access token as a caller showed it; `token` is None when it lets nobody in."""

    token: PersonalAccessToken | None


def personal_token_of(request: HttpRequest) -> Presented | None:
    """Find the personal access token that a request carries; None when it carries none."""
    secret = _bearer(request)
    if not secret.startswith(MARK):
        return None
    kept: Presented | None = getattr(request, _KEPT_AS, None)
    if kept is None:
        kept = Presented(personal_token_find(secret))
        setattr(request, _KEPT_AS, kept)
    return kept


def caller_id(request: HttpRequest) -> UUID | str | None:
    """Name the user whom the request's credentials prove; None for nobody, and for what proves nothing."""
    secret = _bearer(request)
    if secret.startswith(MARK):
        presented = personal_token_of(request)
        return presented.token.user_id if presented and presented.token else None
    if secret:
        return _subject(secret)
    user = getattr(request, "user", None)
    return user.pk if isinstance(user, CustomUser) else None


def _bearer(request: HttpRequest) -> str:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    return header[len(SCHEME) :].strip() if header.lower().startswith(SCHEME) else ""


def _subject(encoded: str) -> str | None:
    try:
        token = ApiAccessToken(encoded)  # type: ignore[arg-type]  # the stubs know parsed tokens only
    except TokenError:
        return None
    return str(token[api_settings.USER_ID_CLAIM])
