"""Keys in the back office: looked at, asked about, switched off; never shown and never changed."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controlplane.accounts.roles import SUPPORT, roles_sync
from controlplane.provider_keys.counters import reserve
from controlplane.provider_keys.models import UserAPIKey
from tests.controlplane.provider_keys.provider_server import GOOD_KEY

LIST = "admin:provider_keys_userapikey_changelist"


@pytest.fixture
def office(make_user) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


def act(office, action: str, *keys):
    chosen = [str(key.pk) for key in keys]
    return office.post(reverse(LIST), {"action": action, "_selected_action": chosen}, follow=True)


def test_pages_show_the_ends_of_a_key_and_nothing_of_its_seal(office, make_key):
    key = make_key()

    pages = [
        office.get(reverse(LIST)).text,
        office.get(reverse("admin:provider_keys_userapikey_change", args=[key.pk])).text,
    ]

    assert "sk-…cdef" in pages[0]
    for page in pages:
        assert GOOD_KEY not in page
        assert key.encrypted_key not in page


def test_state_is_told(office, make_key, user):
    make_key(key_name="fresh")
    make_key(key_name="off", is_active=False)
    UserAPIKey.objects.filter(pk=make_key(key_name="lost").pk).update(is_unreadable=True)
    UserAPIKey.objects.filter(pk=make_key(key_name="good").pk).update(is_validated=True)

    page = office.get(reverse(LIST)).text

    for word in ("not validated", "inactive", "to be entered again", "good"):
        assert word in page


def test_provider_is_asked_again(office, make_key, provider):
    good, bad = make_key(), make_key(api_key="sk-bad-0123456789abcdef")

    page = act(office, "validate_again", good, bad)

    assert "The provider accepts this key." in page.text
    assert "The provider does not accept this key." in page.text
    assert UserAPIKey.objects.get(is_validated=True) == good


def test_many_keys_are_not_asked_about_at_once(office, make_key, provider):
    page = act(office, "validate_again", *[make_key() for _ in range(6)])

    assert "Choose at most 5 keys." in page.text
    assert provider.asked == []


def test_keys_are_switched_off(office, make_key):
    chosen, other = make_key(), make_key()

    page = act(office, "deactivate", chosen)

    assert "1 key was deactivated." in page.text
    assert UserAPIKey.objects.get(is_active=True) == other


def test_actions_need_the_permission_to_change(make_user, make_key):
    client = Client()
    client.force_login(make_user("staff@example.com", is_staff=True))
    key = make_key()

    assert act(client, "deactivate", key).status_code == 403
    assert UserAPIKey.objects.get().is_active


def test_support_sees_a_key_and_not_what_it_is_called(make_user, make_key):
    roles_sync()
    client, member = Client(), make_user("support@example.com", is_staff=True)
    member.groups.add(Group.objects.get(name=SUPPORT))
    client.force_login(member)
    key = make_key(key_name="Insolvency")

    pages = [
        client.get(reverse(LIST)),
        client.get(reverse("admin:provider_keys_userapikey_change", args=[key.pk])),
    ]

    assert [page.status_code for page in pages] == [200, 200]
    assert "sk-…cdef" in pages[0].text
    assert not any("Insolvency" in page.text for page in pages)
    assert act(client, "deactivate", key).status_code == 200
    assert UserAPIKey.objects.get().is_active


@pytest.mark.parametrize("page", [LIST, "admin:provider_keys_keycounter_changelist"])
def test_lists_cost_the_same_for_3_and_30_rows(office, make_key, make_user, page):
    def add(count: int) -> None:
        for _ in range(count):
            owner = make_user(f"u{UserAPIKey.objects.count()}@example.com")
            reserve(make_key(user_id=owner.pk), tokens=5)

    counts = []
    for more in (3, 27):
        add(more)
        with CaptureQueriesContext(connection) as queries:
            assert office.get(reverse(page)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
