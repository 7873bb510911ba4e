"""Access and refresh tokens of the REST API: each carries the user's token version and dies with it."""

from typing import cast

from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from controlplane.accounts.models import CustomUser

VERSION_CLAIM = "ver"


def issue_refresh_token(user: CustomUser) -> RefreshToken:
    """Make a refresh token; its `access_token` carries the same claims."""
    token = RefreshToken()
    token[api_settings.USER_ID_CLAIM] = str(user.pk)
    token[VERSION_CLAIM] = user.token_version
    # Not the library's `for_user`: it would keep the signed token, and its id is enough to spend it by.
    OutstandingToken.objects.create(
        user=user,
        jti=token[api_settings.JTI_CLAIM],
        token="",
        created_at=token.current_time,
        expires_at=datetime_from_epoch(token["exp"]),
    )
    return token


def rotate_refresh_token(encoded: str) -> RefreshToken:
    """Spend a refresh token for a new one; of two who spend the same one, only the first gets it.

    Raises TokenError for a token that is forged, over, spent or refused by its user's state.
    """
    spent = RefreshToken(encoded)  # type: ignore[arg-type]  # the stubs know parsed tokens only
    user = user_of_token(spent)
    if user is None:
        raise TokenError("The token's user has signed out everywhere or is gone.")
    with transaction.atomic():
        if not OutstandingToken.objects.filter(jti=spent[api_settings.JTI_CLAIM]).exists():
            raise TokenError("The token is not on the list of those given out.")
        _, is_first = cast("tuple[object, bool]", spent.blacklist())
        if not is_first:
            raise TokenError("The token has been used already.")
        return issue_refresh_token(user)


def user_of_token(token: Token) -> CustomUser | None:
    """Find the active user of a verified token; None when gone, inactive or signed out since."""
    user = CustomUser.objects.filter(pk=token[api_settings.USER_ID_CLAIM], is_active=True).first()
    if user is None or int(token.get(VERSION_CLAIM, 0)) < user.token_version:
        return None
    return user
