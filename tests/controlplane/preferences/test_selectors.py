"""Preferences from the cache: kept for an hour, and never older than the user that was read."""

import threading

import pytest
import redis
from django.core.cache import cache
from django.db import connection, transaction

from controlplane.accounts.models import CustomUser
from controlplane.caching.entries import VersionedEntries
from controlplane.preferences import selectors
from controlplane.preferences.models import UserPreference
from controlplane.preferences.selectors import preferences_of
from controlplane.preferences.services import preference_change, user_limits_change
from tests.controlplane.in_parallel import in_parallel


def read_again(user: CustomUser) -> CustomUser:
    """Read the user as the next request does."""
    return CustomUser.objects.get(pk=user.pk)


def in_sql(user: CustomUser) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE preferences_userpreference SET theme = 'dark' WHERE user_id = %s", [user.pk])


def test_second_reader_asks_no_database(user, django_assert_num_queries):
    with django_assert_num_queries(1):
        first = preferences_of(user)
    with django_assert_num_queries(0):
        second = preferences_of(user)
        assert second.user == user

    assert [getattr(second, field.attname) for field in UserPreference._meta.fields] == [
        getattr(first, field.attname) for field in UserPreference._meta.fields
    ]


def test_copy_is_kept_for_an_hour(user, settings):
    preferences_of(user)

    store = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    assert 3590 < store.ttl(cache.make_key(f"user_prefs_{user.pk}")) <= 3600
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda user: preference_change(user_id=user.pk, changes={"theme": "dark"}), id="service"
        ),
        pytest.param(
            lambda user: UserPreference.objects.filter(pk=user.pk).update(theme="dark"), id="update"
        ),
        pytest.param(in_sql, id="sql"),
    ],
)
def test_change_is_seen_by_the_next_request(user, change):
    assert preferences_of(user).theme == "system"

    change(user)

    assert preferences_of(read_again(user)).theme == "dark"


def test_change_of_a_limit_is_seen_by_the_next_request(user):
    preferences_of(user)

    user_limits_change(user_id=user.pk, limits={"daily_message_limit": 3})

    assert preferences_of(read_again(user)).daily_message_limit == 3


def test_change_that_was_rolled_back_is_not_seen(user):
    before = preferences_of(user)

    with transaction.atomic():
        preference_change(user_id=user.pk, changes={"theme": "dark"})
        assert preferences_of(read_again(user)).theme == "dark"
        transaction.set_rollback(True)
    assert preferences_of(read_again(user)).theme == before.theme

    preference_change(user_id=user.pk, changes={"theme": "light"})
    assert preferences_of(read_again(user)).theme == "light"


def test_upgrade_that_adds_a_column_makes_copies_old(user, monkeypatch):
    preferences_of(user)
    copy = cache.get(f"user_prefs_{user.pk}")
    copy["version"].remove("theme")
    del copy["value"]["theme"]
    cache.set(f"user_prefs_{user.pk}", copy)

    assert preferences_of(user).theme == "system"


def test_change_during_an_outage_of_the_cache_is_seen_when_it_is_back(user, settings, monkeypatch):
    assert preferences_of(user).theme == "system"
    living = settings.CACHES
    settings.CACHES = {"default": {**living["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    monkeypatch.setattr(selectors, "_entries", VersionedEntries(prefix="user_prefs", seconds=3600))

    preference_change(user_id=user.pk, changes={"theme": "dark"})
    assert preferences_of(read_again(user)).theme == "dark"

    settings.CACHES = living
    monkeypatch.setattr(selectors, "_entries", VersionedEntries(prefix="user_prefs", seconds=3600))
    assert cache.get(f"user_prefs_{user.pk}")["value"]["theme"] == "system"
    assert preferences_of(read_again(user)).theme == "dark"


@pytest.mark.django_db(transaction=True)
def test_no_reader_is_behind_a_change_that_was_over_when_it_began(user):
    over, behind = 0, []
    done = threading.Event()

    def write() -> None:
        nonlocal over
        for number in range(1, 31):
            preference_change(user_id=user.pk, changes={"default_max_tokens": number})
            over = number
        done.set()

    def read() -> None:
        while not done.is_set():
            least = over
            found = preferences_of(read_again(user)).default_max_tokens or 0
            if found < least:
                behind.append((found, least))

    assert in_parallel(6, lambda n: write() if n == 0 else read()) == [None] * 6

    assert behind == []
    assert preferences_of(read_again(user)).default_max_tokens == 30
