"""The one door to providers: asks for the list of models, which takes nothing but a key that is good."""

import json
from dataclasses import dataclass
from typing import Final, Self

import httpx
from asgiref.sync import async_to_sync
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from controlplane.outbound.addresses import look_up
from controlplane.outbound.errors import AddressRefused, AnswerRefused, TimedOut, Unreachable
from controlplane.outbound.fetching import Bounds, Errand, fetch

# The code under which a key is known to be bad, whoever found out.
INVALID_KEY: Final = "invalid_key"
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


@sensitive_variables("api_key", "errand")
async def _ask_in_time(base_url: str, api_key: str) -> str:
    headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
    errand = Errand(url=f"{base_url.rstrip('/')}/models", headers=headers)
    bounds = Bounds(
        private_networks=settings.PROVIDER_PRIVATE_ADDRESSES,
        # The addresses are the house's own list.
        is_plain_http_allowed=True,
        seconds=LONGEST_ASKING,
        largest_answer=LARGEST_ANSWER,
    )
    try:
        answer = await fetch(errand, bounds=bounds, resolver=look_up)
    except AddressRefused:
        return "address_refused"
    except TimedOut:
        return "timed_out"
    except Unreachable:
        return "unreachable"
    except AnswerRefused:
        return "unexpected_answer"
    if answer.status != httpx.codes.OK:
        return _meaning(answer.status)
    return "" if _lists_models(answer.body) else "unexpected_answer"


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
