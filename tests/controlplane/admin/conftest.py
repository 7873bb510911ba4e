"""An administrator in the back office, and something of everything to look at."""

import pytest
from django.test import Client

from controlplane.chat.models import ChatSession
from tests.controlplane.one_of_each import add_one_of_each_of


@pytest.fixture
def office(make_user) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client(raise_request_exception=True)
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def add_one_of_each(make_user):
    """Add a user with one row in every table."""

    def add(email: str) -> ChatSession:
        return add_one_of_each_of(make_user(email))

    return add
