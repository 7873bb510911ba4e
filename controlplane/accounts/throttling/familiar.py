"""Which addresses an account was signed in from before: those are not kept out by what others try.

Without this, whoever guesses at an account's password from all over the world would lock its owner out with
each guess. An address becomes familiar by the right password alone, and stays so for a month.
"""

from http import HTTPStatus
from typing import Final

from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

STAYS_SECONDS: Final = 30 * 24 * 3600
_SIGN_IN_OF_LIBRARY: Final = "/auth/login"


def is_familiar(*, address: str, account: str) -> bool:
    """Whether somebody signed in to the account from the address; forgotten counters mean no."""
    return caches["counters"].get(_name(address, account)) is not None


def note_sign_in(request: HttpRequest, response: HttpResponseBase, *, address: str, account: str) -> None:
    """Remember the address if this answer lets its caller in by a password."""
    if _lets_in(request, response):
        caches["counters"].add(_name(address, account), 1, STAYS_SECONDS)


def _lets_in(request: HttpRequest, response: HttpResponseBase) -> bool:
    path = request.path_info
    if path == reverse("admin:login"):
        return response.status_code == HTTPStatus.FOUND
    is_sign_in = path == reverse("sign-in") or path.endswith(_SIGN_IN_OF_LIBRARY)
    return is_sign_in and response.status_code == HTTPStatus.OK


def _name(address: str, account: str) -> str:
    return f"familiar:{address}:{account}"
