"""Which limits a request counts towards: its address, its user, and the account that it signs in to."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from controlplane.accounts.bearers import caller_id
from controlplane.accounts.throttling.familiar import is_familiar

# One subscriber has at least a network of this size, and could take a new address per request.
IPV6_NETWORK = 64
SIGNED_IN_PREFIXES = ("/api/", "/admin/")


@dataclass(frozen=True)
class Limit:
    """One counter: what is counted, for whom, and how much of it in how long (`600/m`)."""

    group: str
    counted: str
    rate: str


def limits_of(request: HttpRequest) -> Iterator[Limit]:
    """Give the counters of a request, the cheap ones first: a refused request costs no more than it must."""
    address = address_of(request)
    yield Limit("address", address, settings.THROTTLE_ADDRESS)
    if is_sign_in(request):
        # Together, so that one office does not lock itself out.
        account = _hashed(_account(request))
        yield Limit("sign-in", f"{address}-{account}", settings.THROTTLE_SIGN_IN)
        yield from _limits_of_account(request, address)
    # Elsewhere nobody asks who it is, and to find out would cost a query.
    user_id = caller_id(request) if request.path_info.startswith(SIGNED_IN_PREFIXES) else None
    if user_id is not None:
        yield Limit("user", str(user_id), settings.THROTTLE_USER)


def _limits_of_account(request: HttpRequest, address: str) -> Iterator[Limit]:
    """Slow down who guesses from many addresses, longer and longer; familiar addresses are let through."""
    account = account_of(request)
    if account is None or is_familiar(address=address, account=account):
        return
    for rate in settings.THROTTLE_ACCOUNT:
        yield Limit("account", account, rate)


def account_of(request: HttpRequest) -> str | None:
    """Name the account that a request to sign in names, hashed, so that no store lists accounts."""
    named = _named_account(request)
    return _hashed(named) if named else None


def address_of(request: HttpRequest) -> str:
    """Name the connection's other end; a header is the caller's to invent.

    Behind a proxy, uvicorn puts the client's address there for the proxies that FORWARDED_ALLOW_IPS trusts.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)


def is_sign_in(request: HttpRequest) -> bool:
    """Whether the request could guess a password or a code, or have a mail sent."""
    if request.method != "POST":
        return False
    path = request.path_info
    asking = {reverse("sign-in"), reverse("me-deletion"), reverse("admin:login")}
    return path in asking or path.startswith(settings.SIGN_IN_PREFIX)


def _hashed(account: str) -> str:
    return sha256(account.encode(errors="replace")).hexdigest()


def _account(request: HttpRequest) -> str:
    # Codes come without an address, but in the session that waits for them.
    session = request.META.get("HTTP_X_SESSION_TOKEN") or request.COOKIES.get(
        settings.SESSION_COOKIE_NAME, ""
    )
    return _named_account(request) or str(session)


def _named_account(request: HttpRequest) -> str:
    # Before the form: a body that was read as one cannot be read again by the view.
    body = request.body
    if request.path_info == reverse("admin:login"):
        named = request.POST.get("username", "")
    else:
        # As the views read it, whatever the request calls it: its type is the caller's to choose.
        try:
            given = json.loads(body.decode())
        except (ValueError, RecursionError):
            return ""
        named = given.get("email", "") if isinstance(given, dict) else ""
    return str(named).strip().lower()
