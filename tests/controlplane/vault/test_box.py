"""Sealed text is readable with the house's keys alone, old ones included, and shows nothing of itself."""

import pytest
from cryptography.fernet import Fernet

from controlplane.vault.box import Unreadable, current_key_version, reseal, seal, unseal

SECRET = "sk-tea-and-cake-€"


@pytest.fixture
def keys(settings) -> list[str]:
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]
    return settings.FERNET_KEYS


def rotate(settings) -> None:
    settings.FERNET_KEYS = [Fernet.generate_key().decode(), *settings.FERNET_KEYS]


def test_what_is_sealed_comes_back(keys):
    assert unseal(seal(SECRET).token) == SECRET


@pytest.mark.parametrize("text", ["", "x" * 100_000, "a\x00b"], ids=["empty", "long", "nul"])
def test_any_text_can_be_sealed(keys, text):
    assert unseal(seal(text).token) == text


def test_same_text_is_never_sealed_alike(keys):
    assert seal(SECRET).token != seal(SECRET).token


def test_nothing_of_text_or_key_is_shown(keys):
    sealed = seal(SECRET)

    assert SECRET not in repr(sealed)
    assert keys[0] not in repr(sealed)
    assert sealed.key_version == current_key_version()
    assert len(sealed.key_version) == 12
    assert sealed.key_version not in keys[0]


def test_old_keys_read_on_and_the_newest_seals(keys, settings):
    old = seal(SECRET)
    rotate(settings)
    new = seal(SECRET)

    assert unseal(old.token) == unseal(new.token) == SECRET
    assert old.key_version != new.key_version == current_key_version()


def test_removed_key_reads_no_more_and_what_was_sealed_anew_is_not_touched(keys, settings):
    old = seal(SECRET)
    rotate(settings)
    new = seal(unseal(old.token))
    settings.FERNET_KEYS = settings.FERNET_KEYS[:1]

    assert unseal(new.token) == SECRET
    with pytest.raises(Unreadable) as failure:
        unseal(old.token)
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "é", "gAAAAA", "a\x00", "\ud800"],
    ids=["empty", "text", "accent", "cut", "nul", "half-a-character"],
)
def test_what_was_never_sealed_is_unreadable(keys, token):
    for step in (unseal, reseal):
        with pytest.raises(Unreadable):
            step(token)


def test_changed_letter_is_noticed(keys):
    token = seal(SECRET).token
    changed = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]

    with pytest.raises(Unreadable):
        unseal(changed)


def test_text_sealed_anew_needs_the_newest_key_alone(keys, settings):
    old = seal(SECRET)
    rotate(settings)
    again = reseal(old.token)
    settings.FERNET_KEYS = settings.FERNET_KEYS[:1]

    assert unseal(again.token) == SECRET
    assert again.key_version == current_key_version()
    with pytest.raises(Unreadable):
        unseal(old.token)
