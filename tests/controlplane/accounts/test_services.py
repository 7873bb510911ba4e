"""What is done to accounts, and the rules of their e-mail addresses."""

import uuid

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from controlplane.accounts.models import CustomUser
from controlplane.accounts.services import user_deactivate, user_sign_out_everywhere
from controlplane.errors import NotFound
from tests.controlplane.in_parallel import in_parallel


def test_deactivation_switches_off_and_raises_the_version(user, stranger):
    user_deactivate(user_id=user.pk)
    user.refresh_from_db()
    stranger.refresh_from_db()
    assert (user.is_active, user.token_version) == (False, 2)
    assert (stranger.is_active, stranger.token_version) == (True, 1)


def test_deactivating_nobody_is_not_found(db):
    with pytest.raises(NotFound) as refusal:
        user_deactivate(user_id=uuid.uuid4())
    assert refusal.value.code == "user_not_found"


@pytest.mark.django_db(transaction=True)
def test_no_sign_out_is_lost_when_many_come_at_once(user):
    in_parallel(10, lambda _: user_sign_out_everywhere(user_id=user.pk))
    user.refresh_from_db()
    assert user.token_version == 11


def test_object_that_was_read_before_does_not_bring_tokens_back(user):
    stale = CustomUser.objects.get(pk=user.pk)
    user_sign_out_everywhere(user_id=user.pk)
    stale.first_name = "Ada"
    stale.save()
    user.refresh_from_db()
    assert (user.first_name, user.token_version) == ("Ada", 2)


@pytest.mark.parametrize("make_unusable", [False, True], ids=["another", "none"])
def test_new_password_ends_what_was_signed_in(user, make_unusable):
    user.set_password("a first long password")
    user.save()
    assert user.token_version == 2
    if make_unusable:
        user.set_unusable_password()
    else:
        user.set_password("another long password")
    user.save()
    user.save()
    assert (user.token_version, CustomUser.objects.get().token_version) == (3, 3)


def test_first_password_of_a_new_account_ends_nothing(db):
    made = CustomUser.objects.create_user("new@example.com", "a first long password")
    assert CustomUser.objects.get(pk=made.pk).token_version == 1


def test_stronger_hash_of_the_same_password_ends_nothing(user, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user.set_password("a first long password")
    user.save()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    before = CustomUser.objects.get().token_version
    assert CustomUser.objects.get().check_password("a first long password")
    changed = CustomUser.objects.get()
    assert (changed.password.startswith("pbkdf2_sha1"), changed.token_version) == (True, before)


def test_two_accounts_cannot_differ_by_case_alone(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomUser.objects.create_user(user.email.upper())
    assert CustomUser.objects.count() == 1


def test_account_without_a_password_cannot_be_entered(user):
    assert authenticate(username=user.email, password="") is None
    assert authenticate(username=user.email, password=user.password) is None


def test_account_needs_an_address(db):
    with pytest.raises(ValueError, match="e-mail"):
        CustomUser.objects.create_user("")
