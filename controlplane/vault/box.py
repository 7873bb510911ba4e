"""Seals text with the newest of the house's keys; opens what any of them has sealed."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.views.decorators.debug import sensitive_variables


class Unreadable(Exception):
    """None of the house's keys opens it: it has to be entered again."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """Sealed text, and the name of the key that sealed it; neither shows the text."""

    token: str
    key_version: str


@sensitive_variables("text")
def seal(text: str) -> Sealed:
    """Seal text with the newest key."""
    keys = tuple(settings.FERNET_KEYS)
    return Sealed(token=_box(keys).encrypt(text.encode()).decode("ascii"), key_version=_name(keys[0]))


def unseal(token: str) -> str:
    """Open sealed text. Raises Unreadable."""
    try:
        return _box(tuple(settings.FERNET_KEYS)).decrypt(token.encode()).decode()
    except (InvalidToken, UnicodeError) as error:
        raise Unreadable("The secret cannot be read any more.") from error


def reseal(token: str) -> Sealed:
    """Seal anew, under the newest key, what any of the house's keys has sealed. Raises Unreadable."""
    keys = tuple(settings.FERNET_KEYS)
    try:
        return Sealed(token=_box(keys).rotate(token.encode()).decode("ascii"), key_version=_name(keys[0]))
    except (InvalidToken, UnicodeError) as error:
        raise Unreadable("The secret cannot be read any more.") from error


def current_key_version() -> str:
    """Name the newest key: what is sealed under another name waits for its rotation."""
    return _name(settings.FERNET_KEYS[0])


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _name(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:12]
