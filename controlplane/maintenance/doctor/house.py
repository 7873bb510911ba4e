"""Checks of what the house has set: addresses, secrets, people, models, mail."""

import json
import smtplib
import socket
import stat
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from controlplane.accounts.models import CustomUser
from controlplane.accounts.signing_keys import load_signing_key
from controlplane.language_models.selection import allowed_models
from controlplane.maintenance.doctor.findings import Finding, fail, ok, warn
from controlplane.provider_keys.models import UserAPIKey
from controlplane.usage.models import TokenUsage
from controlplane.vault.box import current_key_version, seal, unseal

SECONDS = 5
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def addresses() -> Iterator[Finding]:
    """What is public is behind TLS, and nobody sees developers' pages."""
    public = [host for host in settings.ALLOWED_HOSTS if host not in LOOPBACK]
    if settings.DEBUG:
        yield fail("debug", "DJANGO_DEBUG is on: error pages show settings", "Set DJANGO_DEBUG=false.")
    if "*" in public:
        yield fail("host names", "any host name is answered", "Name yours in ALLOWED_HOSTS.")
    elif not public:
        yield warn("host names", "only this machine is answered", "Name your domain in ALLOWED_HOSTS.")
    else:
        yield ok("host names", ", ".join(public))
    is_https = bool(settings.SECURE_SSL_REDIRECT)
    if public and not is_https:
        yield fail(
            "TLS", "there are public host names, and cookies travel in the clear",
            "Put TLS in front and set HTTPS_ONLY=true.",
        )  # fmt: skip
    else:
        yield ok("TLS", "required" if is_https else "not required on this machine alone")
    outside = urlsplit(settings.LANGGRAPH_PUBLIC_URL)
    if public and outside.hostname in LOOPBACK:
        yield fail(
            "Agent Server's address", f"browsers are told {outside.hostname}, which is their own machine",
            "Set LANGGRAPH_PUBLIC_URL to the address under which browsers reach it.",
        )  # fmt: skip


def sealing_keys() -> Iterator[Finding]:
    """What is sealed can be opened, and with the newest key."""
    if unseal(seal("a word").token) != "a word":
        yield fail("sealing keys", "what is sealed cannot be opened", "Restore FERNET_KEYS from your backup.")
        return
    former = UserAPIKey.objects.exclude(key_version=current_key_version()).exclude(key_version="").count()
    if former:
        told = f"{former} users' keys are sealed with a former one"
        yield warn("sealing keys", told, "Run manage.py rotate_secrets.")
    else:
        yield ok("sealing keys", f"{len(settings.FERNET_KEYS)} in use")


def signing_key() -> Iterator[Finding]:
    """Tokens are signed with a key that nobody else can read and the Agent Server knows."""
    path = settings.JWT_SIGNING_KEY_FILE
    own = load_signing_key(path).key_id
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield fail("signing key", "its file can be read by others", f"Run chmod 600 on {path.name}.")
    elif own not in _published():
        yield fail(
            "signing key", "the Agent Server is not told of it", "Run manage.py signing_keys --rotate."
        )
    else:
        yield ok("signing key", own)


def _published() -> set[str]:
    path = settings.AGENT_JWKS_FILE
    if path is None or not path.exists():
        return set()
    return {str(key.get("kid")) for key in json.loads(path.read_text())["keys"]}


def people() -> Iterator[Finding]:
    """Somebody can sign in to the back office."""
    admins = CustomUser.objects.filter(is_superuser=True, is_active=True).count()
    if admins:
        yield ok("administrators", str(admins))
    else:
        yield fail(
            "administrators", "nobody can sign in to the back office",
            "Set FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD and run manage.py create_first_admin.",
        )  # fmt: skip


def models() -> Iterator[Finding]:
    """The model that is taken where none is named may be used, and has a price."""
    name = settings.DEFAULT_MODEL
    if not allowed_models().filter(name=name).exists():
        yield fail("default model", f"{name} is not among the allowed models", "Allow it in the back office.")
    elif not TokenUsage.calculate_cost(name, 1, 1)["is_priced"]:
        yield warn("default model", f"{name} has no price: limits of money do not hold", "Set MODEL_PRICES.")
    else:
        yield ok("default model", name)
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL or settings.PROVIDER_SERVERS):
        yield fail("providers", "there is no provider's key and no address", "Set OPENAI_API_KEY or another.")


def mail() -> Iterator[Finding]:
    """Codes reach those who sign up."""
    host = getattr(settings, "EMAIL_HOST", "")
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        level = fail if settings.REGISTRATION != "closed" else warn
        yield level("mail", "it is only written to the log", "Set EMAIL_HOST and its companions.")
        return
    try:
        kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
        with kind(host, settings.EMAIL_PORT, timeout=SECONDS) as server:
            server.ehlo()
    except (OSError, smtplib.SMTPException, socket.gaierror) as error:
        told = f"{host} does not answer ({type(error).__name__})"
        yield fail("mail", told, "Check EMAIL_HOST and EMAIL_PORT.")
    else:
        yield ok("mail", host)


def single_sign_on() -> Iterator[Finding]:
    """The provider tells where it signs people in."""
    providers: Mapping[str, Any] = settings.SOCIALACCOUNT_PROVIDERS
    for app in providers.get("openid_connect", {}).get("APPS", []):
        address = f"{app['settings']['server_url'].rstrip('/')}/.well-known/openid-configuration"
        try:
            told = httpx.get(address, timeout=SECONDS).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            yield fail("single sign-on", f"no configuration ({type(error).__name__})", "Check OIDC_ISSUER.")
            continue
        yield ok("single sign-on", str(told.get("issuer", "")))
