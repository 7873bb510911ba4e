"""The one door to providers: asks for the list of models, which takes nothing but a key that is good."""

import asyncio
import json
from dataclasses import dataclass
from typing import Final, Self

import httpx
from asgiref.sync import async_to_sync
from django.views.decorators.debug import sensitive_variables

from controlplane.provider_keys.addresses import AddressRefused, resolve

# The code under which a key is known to be bad, whoever found out.
INVALID_KEY: Final = "invalid_key"
TIMEOUT: Final = httpx.Timeout(5.0)
# For everything together: looking the host up, connecting, and an answer that comes in drops.
LONGEST_ASKING: Final = 10.0
LARGEST_ANSWER: Final = 2_000_000
REJECTED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)

MESSAGES: Final = {
    "": "The provider accepts this key.",
    INVALID_KEY: "The provider does not accept this key.",
    "key_unreadable": "The key cannot be read any more. Enter it again.",
    "rate_limited": "The provider asks for fewer requests. Try again later.",
    "unreachable": "The provider cannot be reached.",
    "timed_out": "The provider took too long.",
    "provider_failed": "The provider has a fault of its own. Try again later.",
    "unexpected_answer": "What answers there is no provider of language models.",
    "address_refused": "This address may not be asked.",
    "unknown_provider": "This provider is not on the list of providers any more.",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of asking; only the provider's own word about the key is conclusive."""

    is_valid: bool
    error_code: str
    message: str

    @classmethod
    def of(cls, error_code: str) -> Self:
        """Say it in the words of the table; no code is a good key."""
        return cls(is_valid=not error_code, error_code=error_code, message=MESSAGES[error_code])

    @property
    def is_conclusive(self) -> bool:
        """Whether it is known now if the key is good."""
        return self.is_valid or self.error_code in {INVALID_KEY, "key_unreadable"}

    @property
    def is_refusal(self) -> bool:
        """Whether the provider itself said no."""
        return self.error_code == INVALID_KEY


@sensitive_variables("api_key")
def ask_provider(base_url: str, api_key: str) -> Finding:
    """Ask the provider at an address of the list whether it takes a key; whatever happens is a finding."""
    if not base_url:
        return Finding.of("unknown_provider")
    return Finding.of(async_to_sync(_ask_in_time)(base_url, api_key))


@sensitive_variables("api_key")
async def _ask_in_time(base_url: str, api_key: str) -> str:
    # Errors of the client hold the request, and with it the key: none of them leaves this function.
    try:
        async with asyncio.timeout(LONGEST_ASKING):
            return await _ask(httpx.URL(base_url), api_key)
    except AddressRefused:
        return "address_refused"
    except (TimeoutError, httpx.TimeoutException):
        return "timed_out"
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return "unreachable"


@sensitive_variables("api_key", "headers")
async def _ask(base_url: httpx.URL, api_key: str) -> str:
    port = base_url.port or (443 if base_url.scheme == "https" else 80)
    # Connects to the address that was checked: a second look-up could find another one.
    pinned = base_url.copy_with(host=await resolve(base_url.host, port), path=f"{base_url.path}/models")
    headers = {
        "Host": base_url.netloc.decode("ascii"),
        "Authorization": f"Bearer {api_key}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    # Reading the certificates from disk takes a while, and this is the loop that all requests share.
    trust = await asyncio.to_thread(httpx.create_ssl_context)
    client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=trust)
    sent = {"sni_hostname": base_url.host}
    async with client, client.stream("GET", pinned, headers=headers, extensions=sent) as answer:
        if answer.status_code != httpx.codes.OK:
            return _meaning(answer.status_code)
        return "" if _lists_models(await _read(answer)) else "unexpected_answer"


async def _read(answer: httpx.Response) -> bytes:
    """Read an answer up to its bound; what is longer comes back empty."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > LARGEST_ANSWER:
            return b""
    return bytes(body)


def _meaning(status: int) -> str:
    if status in REJECTED:
        return INVALID_KEY
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return "rate_limited"
    return "provider_failed" if status >= httpx.codes.INTERNAL_SERVER_ERROR else "unexpected_answer"


def _lists_models(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and isinstance(answer.get("data"), list)
