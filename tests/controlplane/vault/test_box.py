"""Sealing, opening, and sealing anew under a newer key."""

import pytest
from cryptography.fernet import Fernet

from controlplane.vault.box import Unreadable, current_key_version, reseal, seal, unseal


@pytest.fixture
def old_and_new(settings) -> tuple[str, str]:
    """The house's key, and the one that is going to take its place."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FERNET_KEYS = [old]
    return old, new


def test_sealed_text_is_opened_again():
    sealed = seal("häßlich")

    assert unseal(sealed.token) == "häßlich"
    assert sealed.key_version == current_key_version()
    assert "häßlich" not in repr(sealed)


def test_older_key_still_opens_and_the_newer_one_seals(old_and_new, settings):
    old, new = old_and_new
    sealed = seal("secret")
    settings.FERNET_KEYS = [new, old]

    assert unseal(sealed.token) == "secret"
    assert seal("secret").key_version != sealed.key_version


def test_text_sealed_anew_needs_the_newest_key_alone(old_and_new, settings):
    old, new = old_and_new
    sealed = seal("secret")
    settings.FERNET_KEYS = [new, old]
    again = reseal(sealed.token)
    settings.FERNET_KEYS = [new]

    assert unseal(again.token) == "secret"
    assert again.key_version == current_key_version()
    with pytest.raises(Unreadable):
        unseal(sealed.token)


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAAA==", "ä", "\x00"])
@pytest.mark.parametrize("step", [unseal, reseal])
def test_what_no_key_opens_is_unreadable(step, token):
    with pytest.raises(Unreadable) as error:
        step(token)
    assert not token.strip("\x00") or token not in str(error.value)
