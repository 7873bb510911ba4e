"""Asking a provider about a key: what each answer means, and where it is never asked."""

import pytest

from controlplane.outbound.addresses import look_up
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.validation import ask_provider
from tests.controlplane.provider_keys.provider_server import GOOD_KEY, MODELS
from tests.ports import free_ports


def test_good_key_is_good(provider):
    finding = ask_provider(provider.base_url, GOOD_KEY)

    assert (finding.is_valid, finding.error_code) == (True, "")
    host = provider.base_url.removeprefix("http://").removesuffix("/v1")
    assert provider.asked == [("/v1/models", host, f"Bearer {GOOD_KEY}")]


def test_bad_key_is_bad(provider):
    finding = ask_provider(provider.base_url, "sk-bad")

    assert (finding.is_valid, finding.error_code, finding.is_conclusive) == (False, "invalid_key", True)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, MODELS, "invalid_key"),
        (429, MODELS, "rate_limited"),
        (500, MODELS, "provider_failed"),
        (503, MODELS, "provider_failed"),
        (404, MODELS, "unexpected_answer"),
        (200, b"<html>", "unexpected_answer"),
        (200, b"[]", "unexpected_answer"),
        (200, b'{"data": 1}', "unexpected_answer"),
        (200, b"[" * 100_000, "unexpected_answer"),
        (200, b'{"data": [' + b" " * 2_000_000 + b"]}", "unexpected_answer"),
        (200, b"", "unexpected_answer"),
    ],
    ids=["403", "429", "500", "503", "404", "page", "list", "no-list", "nested", "too-long", "empty"],
)
def test_answers_have_meanings(provider, status, body, code):
    provider.status, provider.body = status, body

    finding = ask_provider(provider.base_url, GOOD_KEY)

    assert (finding.is_valid, finding.error_code) == (False, code)


def test_redirect_is_not_followed(provider):
    provider.status, provider.headers = 302, {"Location": f"{provider.base_url}/models?again"}

    assert ask_provider(provider.base_url, GOOD_KEY).error_code == "unexpected_answer"
    assert len(provider.asked) == 1


def test_nobody_there_is_unreachable(provider):
    (port,) = free_ports(1)

    finding = ask_provider(f"http://127.0.0.1:{port}/v1", GOOD_KEY)

    assert (finding.error_code, finding.is_conclusive) == ("unreachable", False)


def test_address_inside_is_refused_and_not_asked(provider, settings):
    settings.PROVIDER_PRIVATE_ADDRESSES = []

    assert ask_provider(provider.base_url, GOOD_KEY).error_code == "address_refused"
    assert provider.asked == []


def test_name_that_leads_inside_is_refused_too(provider, settings):
    settings.PROVIDER_PRIVATE_ADDRESSES = []

    finding = ask_provider(provider.base_url.replace("127.0.0.1", "localhost"), GOOD_KEY)

    assert finding.error_code == "address_refused"
    assert provider.asked == []


def test_name_is_looked_up_once_and_kept_as_host(provider, monkeypatch):
    looked_up = []

    async def look_up_and_note(host, port):
        looked_up.append(host)
        return await look_up(host.replace("provider.test", "127.0.0.1"), port)

    monkeypatch.setattr("controlplane.provider_keys.validation.look_up", look_up_and_note)
    finding = ask_provider(provider.base_url.replace("127.0.0.1", "provider.test"), GOOD_KEY)

    assert finding.is_valid
    assert looked_up == ["provider.test"]
    (asked,) = provider.asked
    assert asked[1].startswith("provider.test:")


def test_finding_is_kept(provider, make_key):
    key = make_key()

    assert key.validate_key() == {
        "valid": True,
        "error_code": "",
        "message": "The provider accepts this key.",
    }
    key = UserAPIKey.objects.get()
    assert (key.is_validated, key.validation_error) == (True, "")
    assert key.last_validated_at is not None


def test_provider_that_cannot_be_asked_says_nothing_about_the_key(provider, make_key):
    key = make_key()
    key.validate_key()
    provider.status = 500

    assert key.validate_key()["error_code"] == "provider_failed"
    key.refresh_from_db()
    assert (key.is_validated, key.validation_error) == (True, "provider_failed")


def test_key_that_is_revoked_is_valid_no_more(provider, make_key):
    key = make_key()
    key.validate_key()
    provider.status = 401

    assert not key.validate_key()["valid"]
    key.refresh_from_db()
    assert (key.is_validated, key.validation_error) == (False, "invalid_key")


def test_finding_about_a_replaced_key_is_not_kept(provider, make_key):
    key = make_key()
    replaced = UserAPIKey.objects.get()
    replaced.encrypt_api_key("sk-another-key-0123456789")
    replaced.save()

    assert key.validate_key()["valid"]
    replaced.refresh_from_db()
    assert (replaced.is_validated, replaced.last_validated_at) == (False, None)


def test_unreadable_key_is_flagged_and_nobody_asked(provider, make_key):
    key = make_key()
    UserAPIKey.objects.update(encrypted_key="gAAAA-nobody-opens-this")
    key.refresh_from_db()

    assert key.validate_key()["error_code"] == "key_unreadable"
    key.refresh_from_db()
    assert (key.is_unreadable, key.needs_reentry, key.is_validated) == (True, True, False)
    assert provider.asked == []


def test_key_that_can_be_read_again_need_not_be_entered_again(provider, make_key):
    key = make_key()
    UserAPIKey.objects.update(is_unreadable=True)
    key.refresh_from_db()

    assert key.validate_key()["valid"]
    key.refresh_from_db()
    assert not key.needs_reentry


def test_provider_taken_off_the_list_is_not_asked(provider, make_key, settings):
    key = make_key()
    settings.PROVIDER_BASE_URLS = {"openai": ()}

    assert key.validate_key()["error_code"] == "unknown_provider"
    assert provider.asked == []
