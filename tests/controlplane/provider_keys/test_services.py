"""Keys are sealed, known by their ends alone, and one per provider is the default."""

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, transaction

from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.provider_keys.errors import KeyUnreadable
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.services import (
    MOST_KEYS,
    key_change,
    key_delete,
    key_validate,
    keys_deactivate,
)
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.provider_keys.provider_server import GOOD_KEY


def defaults() -> list[str]:
    return list(UserAPIKey.objects.filter(is_default=True).values_list("key_name", flat=True))


def test_key_is_kept_sealed_and_known_by_its_ends(make_key):
    make_key()

    key = UserAPIKey.objects.get()
    assert (key.key_prefix, key.last_four, len(key.key_version)) == ("sk-", "cdef", 12)
    assert GOOD_KEY not in key.encrypted_key
    assert key.decrypt_api_key() == GOOD_KEY
    assert GOOD_KEY not in f"{key!r} {key}"


def test_short_key_shows_nothing_of_itself(make_key):
    key = make_key(api_key="sk-1234567890ab")

    assert (key.key_prefix, key.last_four) == ("", "")


@pytest.mark.parametrize(
    "api_key", ["", "with blank", "tab\t", "nul\x00", "schlüssel", "line\nbreak", "x" * 501]
)
def test_what_cannot_be_a_key_is_refused_without_being_repeated(make_key, api_key):
    with pytest.raises(Invalid) as refusal:
        make_key(api_key=api_key)

    assert list(refusal.value.fields) == ["api_key"]
    assert not api_key or api_key not in str(refusal.value.fields)
    assert not UserAPIKey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"base_url": "http://127.0.0.1/v1"}, "base_url"),
        ({"base_url": "https://api.mistral.ai/v1"}, "base_url"),
    ],
    ids=["unknown-provider", "inside", "another-provider-s"],
)
def test_key_goes_to_listed_addresses_only(make_key, changes, field):
    with pytest.raises(Invalid) as refusal:
        make_key(**changes)

    assert list(refusal.value.fields) == [field]
    assert not UserAPIKey.objects.exists()


def test_listed_address_may_be_chosen_until_it_is_taken_off(make_key, settings):
    settings.PROVIDER_BASE_URLS = {"openai": ("https://one.test/v1", "https://two.test/v1")}
    first, second = make_key(), make_key(base_url="https://two.test/v1")

    assert (first.address, second.address) == ("https://one.test/v1", "https://two.test/v1")
    settings.PROVIDER_BASE_URLS = {"openai": ("https://one.test/v1",)}
    assert (first.address, second.address) == ("https://one.test/v1", "")


def test_first_key_of_a_provider_is_its_default_and_the_next_is_not(make_key):
    make_key(key_name="one")
    make_key(key_name="two")
    make_key(key_name="three", provider="mistral")

    assert sorted(defaults()) == ["one", "three"]


@pytest.mark.parametrize("how", ["create", "change"])
def test_new_default_takes_the_place_of_the_old_one(make_key, user, how):
    make_key(key_name="one")
    if how == "create":
        make_key(key_name="two", is_default=True)
    else:
        two = make_key(key_name="two")
        key_change(key_id=two.pk, user_id=user.pk, changes={"is_default": True})

    assert defaults() == ["two"]


def test_default_of_another_user_stays(make_key, stranger):
    make_key(key_name="hers", user_id=stranger.pk)
    make_key(key_name="mine", is_default=True)

    assert sorted(defaults()) == ["hers", "mine"]


def test_database_holds_one_default_per_provider(make_key):
    make_key()
    second = make_key()

    with pytest.raises(IntegrityError), transaction.atomic():
        UserAPIKey.objects.filter(pk=second.pk).update(is_default=True)


@pytest.mark.django_db(transaction=True)
def test_keys_made_default_at_once_leave_one_default(make_key, user):
    keys = [make_key() for _ in range(4)]

    def work(number: int) -> object:
        if number % 2:
            return make_key(is_default=True)
        return key_change(
            key_id=keys[number // 2].pk, user_id=user.pk, changes={"is_default": True, "key_name": "x"}
        )

    outcomes = in_parallel(8, work)

    assert all(isinstance(outcome, UserAPIKey | Conflict) for outcome in outcomes)
    assert len(defaults()) == 1


@pytest.mark.django_db(transaction=True)
def test_first_keys_made_at_once_leave_one_default(make_key):
    outcomes = in_parallel(6, lambda _: make_key())

    assert all(isinstance(outcome, UserAPIKey) for outcome in outcomes)
    assert len(defaults()) == 1


def test_replaced_key_is_to_be_validated_again(make_key, user, provider):
    key = make_key()
    key.validate_key()

    key_change(key_id=key.pk, user_id=user.pk, changes={"api_key": "sk-another-0123456789wxyz"})

    key.refresh_from_db()
    assert (key.is_validated, key.last_validated_at, key.last_four) == (False, None, "wxyz")
    assert key.decrypt_api_key() == "sk-another-0123456789wxyz"


def test_deleted_key_leaves_nothing_of_itself_but_its_figures(make_key, user):
    key = make_key()
    UserAPIKey.objects.update(usage_count=3)

    key_delete(key_id=key.pk, user_id=user.pk)

    key.refresh_from_db()
    assert (key.encrypted_key, key.key_prefix, key.last_four, key.key_name) == ("", "", "", "")
    assert (key.is_active, key.is_default, key.usage_count) == (False, False, 3)
    assert make_key().is_default


@pytest.mark.parametrize("service", [key_delete, key_validate, lambda **ids: key_change(**ids, changes={})])
def test_foreign_key_is_not_found(make_key, stranger, service):
    key = make_key()

    with pytest.raises(NotFound):
        service(key_id=key.pk, user_id=stranger.pk)
    assert UserAPIKey.objects.existing().get().decrypt_api_key() == GOOD_KEY


def test_key_of_a_lost_house_key_is_unreadable(make_key, settings):
    key = make_key()
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(KeyUnreadable) as refusal:
        key.decrypt_api_key()
    assert refusal.value.code == "key_unreadable"


def test_keys_are_deactivated_whosever_they_are(make_key, stranger):
    keys = [make_key(), make_key(user_id=stranger.pk), make_key(is_active=False)]

    assert keys_deactivate(key_ids=[key.pk for key in keys]) == 2
    assert not UserAPIKey.objects.filter(is_active=True).exists()


def test_keys_of_one_user_are_bounded(make_key, user):
    make_key()
    last = [make_key(key_name=f"key {number}") for number in range(1, MOST_KEYS)][-1]

    with pytest.raises(Conflict) as refusal:
        make_key(key_name="one too many")

    assert refusal.value.code == "too_many_keys"
    assert UserAPIKey.objects.count() == MOST_KEYS
    key_delete(key_id=last.pk, user_id=user.pk)
    assert make_key(key_name="in its place").pk
