"""Browser sessions are found by whom they name, and by nothing else."""

from django.contrib.sessions.models import Session

from controlplane.accounts import browser_sessions
from controlplane.accounts.browser_sessions import SessionStore, browser_sessions_forget


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
    assert [session.pk for session in Session.objects.all()] == [other]


def test_session_that_cannot_be_read_is_no_obstacle(db):
    keep(_auth_user_id="mine")
    Session.objects.update(session_data="nonsense")

    assert browser_sessions_forget(marks=("mine",)) == 0
