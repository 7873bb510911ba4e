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
