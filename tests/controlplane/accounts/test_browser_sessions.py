"""Browser sessions as they are kept: nobody comes in with what the database holds."""

import pytest
from asgiref.sync import async_to_sync
from cryptography.fernet import Fernet
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from controlplane.accounts import browser_sessions
from controlplane.accounts.browser_sessions import SessionStore, browser_sessions_forget

OFFICE = reverse("admin:index")


@pytest.fixture
def signed_in(make_user) -> Client:
    """A browser in the back office."""
    browser = Client()
    browser.force_login(make_user("boss@example.com", is_staff=True, is_superuser=True))
    return browser


def test_key_and_content_are_not_in_the_database(signed_in):
    key = signed_in.cookies["sessionid"].value
    session = signed_in.session
    session["code"] = "ABC-DEF"
    session.save()

    row = Session.objects.get()

    assert signed_in.get(OFFICE).status_code == 200
    assert key not in row.session_key + row.session_data
    assert "ABC-DEF" not in str(super(SessionStore, session).decode(row.session_data))
    assert SessionStore(key)["code"] == "ABC-DEF"


def test_what_the_database_holds_lets_nobody_in(signed_in):
    thief = Client()
    thief.cookies["sessionid"] = Session.objects.get().session_key

    assert thief.get(OFFICE).status_code == 302


def test_signing_out_deletes_the_row(signed_in):
    key = signed_in.cookies["sessionid"].value
    signed_in.logout()

    assert not Session.objects.exists()
    assert not SessionStore().exists(key)


def test_session_that_no_key_opens_is_over(signed_in, settings):
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]

    assert signed_in.get(OFFICE).status_code == 302


def test_expired_session_is_over(signed_in):
    Session.objects.update(expire_date="2026-01-01T00:00:00Z")

    assert signed_in.get(OFFICE).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_asynchronous_code_finds_the_same_session():
    async def story() -> tuple[bool, str, bool]:
        made = SessionStore()
        await made.aset("word", "tea")
        await made.asave()
        key = str(made.session_key)
        found = SessionStore(key)
        word = str(await found.aget("word"))
        there = await SessionStore().aexists(key)
        await found.adelete()
        return there, word, await SessionStore().aexists(key)

    assert async_to_sync(story)() == (True, "tea", False)


@pytest.mark.parametrize("key", ["", "short", "a\0" * 20, "x" * 40], ids=["empty", "short", "NUL", "unknown"])
@pytest.mark.django_db
def test_key_that_is_none_finds_nothing(key):
    assert SessionStore().exists(key) is False
    assert dict(SessionStore(key).items()) == {}


def keep(**said: object) -> str:
    store = SessionStore()
    store.update(said)
    store.save()
    return str(store.session_key)


def test_sessions_that_name_one_go_and_others_stay(db, monkeypatch):
    monkeypatch.setattr(browser_sessions, "SESSIONS_PER_PAGE", 2)
    for number in range(3):
        keep(_auth_user_id="mine", number=number)
    keep(waiting={"email": "Ada@Example.com"})
    other = keep(_auth_user_id="hers")

    assert browser_sessions_forget(marks=("mine", "ada@example.com", "")) == 4
    assert (Session.objects.count(), SessionStore().exists(other)) == (1, True)


def test_session_that_cannot_be_read_is_no_obstacle(db):
    keep(_auth_user_id="mine")
    Session.objects.update(session_data="nonsense")

    assert browser_sessions_forget(marks=("mine",)) == 0
