"""Access and refresh tokens of the REST API: each dies with the user's token version and with its sign-in."""

from typing import cast

import structlog
from django.db import transaction
from django.db.models.functions import Now
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from controlplane.accounts.api_token_classes import ApiRefreshToken
from controlplane.accounts.models import CustomUser, SignIn

VERSION_CLAIM = "ver"
SIGN_IN_CLAIM = "sid"
FORGOTTEN_AT_ONCE = 10_000

logger = structlog.get_logger(__name__)


def issue_refresh_token(user: CustomUser) -> ApiRefreshToken:
    """Begin a sign-in and make its first refresh token; its `access_token` carries the same claims."""
    token = ApiRefreshToken()
    with transaction.atomic():
        sign_in = SignIn.objects.create(user=user, expires_at=datetime_from_epoch(token["exp"]))
        return _issue(token, user=user, sign_in=sign_in)


def rotate_refresh_token(encoded: str) -> ApiRefreshToken:
    """Spend a refresh token for a new one; one that was spent already ends the whole sign-in instead.

    Of two who spend the same one only the first gets a new one, and loses it again: which of them is the
    thief cannot be told. Raises TokenError for a token that is forged, over, spent or refused by its user's
    state.
    """
    spent = ApiRefreshToken(encoded)  # type: ignore[arg-type]  # the stubs know parsed tokens only
    user = user_of_token(spent)
    if user is None:
        raise TokenError("The token's user has signed out or is gone.")
    with transaction.atomic():
        renewed = _spend(spent, user=user)
    # Raised after the commit: the end of the sign-in has to stay.
    if renewed is None:
        raise TokenError("The token has been used already; its sign-in is over.")
    return renewed


def user_of_token(token: Token) -> CustomUser | None:
    """Find the active user of a verified token; None when gone, inactive, or signed out since."""
    user = CustomUser.objects.filter(
        pk=token[api_settings.USER_ID_CLAIM],
        is_active=True,
        sign_ins__pk=token.get(SIGN_IN_CLAIM),
        sign_ins__ended_at__isnull=True,
    ).first()
    if user is None or int(token.get(VERSION_CLAIM, 0)) < user.token_version:
        return None
    return user


def sign_ins_forget() -> int:
    """Delete sign-ins whose tokens are all over, in batches; returns how many."""
    forgotten = 0
    while deleted := SignIn.objects.filter(pk__in=SignIn.objects.over()[:FORGOTTEN_AT_ONCE]).delete()[0]:
        forgotten += deleted
    return forgotten


def _spend(spent: ApiRefreshToken, *, user: CustomUser) -> ApiRefreshToken | None:
    """Make the family's next token, in the caller's transaction; None when the family ends."""
    # The lock lets those who show tokens of one family in one by one.
    family = SignIn.objects.living().select_for_update(no_key=True)
    sign_in = family.filter(pk=spent[SIGN_IN_CLAIM], user_id=user.pk).first()
    if sign_in is None:
        raise TokenError("The sign-in is over.")
    if not OutstandingToken.objects.filter(jti=spent[api_settings.JTI_CLAIM]).exists():
        raise TokenError("The token is not on the list of those given out.")
    _, is_first = cast("tuple[object, bool]", spent.blacklist())
    if not is_first:
        SignIn.objects.filter(pk=sign_in.pk).update(ended_at=Now())
        logger.warning("refresh_token_shown_twice", user_id=str(user.pk), sign_in_id=str(sign_in.pk))
        return None
    token = ApiRefreshToken()
    SignIn.objects.filter(pk=sign_in.pk).update(expires_at=datetime_from_epoch(token["exp"]))
    return _issue(token, user=user, sign_in=sign_in)


def _issue(token: ApiRefreshToken, *, user: CustomUser, sign_in: SignIn) -> ApiRefreshToken:
    token[api_settings.USER_ID_CLAIM] = str(user.pk)
    token[VERSION_CLAIM] = user.token_version
    token[SIGN_IN_CLAIM] = str(sign_in.pk)
    # Not the library's `for_user`: it would keep the signed token, and its id is enough to spend it by.
    OutstandingToken.objects.create(
        user=user,
        jti=token[api_settings.JTI_CLAIM],
        token="",
        created_at=token.current_time,
        expires_at=datetime_from_epoch(token["exp"]),
    )
    return token
