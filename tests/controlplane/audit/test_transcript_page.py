"""The page that shows a conversation: to those who may see content, recorded before it is shown."""

import uuid

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from controlplane.accounts.models import CustomUser
from controlplane.accounts.roles import roles_sync
from controlplane.audit.models import AuditEntry
from controlplane.chat import transcripts
from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_create
from tests.controlplane.admin.test_pages import page_of

WORDS = "my <b>secret</b> words"


@pytest.fixture
def session(user, api, agent_server) -> ChatSession:
    """A session in which something was said, twice."""
    made = async_to_sync(session_create)(owner=user, settings={"title": "Tea"})
    for words in (WORDS, "and more"):
        api.post(f"/api/v1/sessions/{made.pk}/messages/", {"message": words})
    return made


@pytest.fixture
def reader(make_user) -> CustomUser:
    return make_user("reader@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def office(reader) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    return client


def page(session_id: object) -> str:
    return reverse("admin:chat_chatsession_transcript", args=[session_id])


def reads() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="transcript.read").order_by("id"))


def test_conversation_is_shown_and_the_reader_recorded(office, session, reader):
    answer = office.get(page(session.pk))
    assert answer.status_code == 200
    assert "my &lt;b&gt;secret&lt;/b&gt; words" in answer.text
    assert "You said and more" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    [entry] = reads()
    assert (entry.actor_id, entry.subject_id, entry.concerns_id) == (
        reader.pk,
        str(session.pk),
        session.user_id,
    )
    assert entry.request_id == answer.headers["X-Request-Id"]
    assert "secret" not in str(entry.changes)


def test_pages_go_back_and_each_is_recorded(office, session, monkeypatch):
    monkeypatch.setattr(transcripts, "MESSAGES_PER_PAGE", 2)
    newest = office.get(page(session.pk))
    assert "?before=2" in newest.text
    assert WORDS[:2] + " &lt;" not in newest.text
    earlier = office.get(page(session.pk), {"before": "2"})
    assert "my &lt;b&gt;secret" in earlier.text
    assert "Earlier ones" not in earlier.text
    assert [entry.changes for entry in reads()] == [{}, {"before": 2}]


def test_without_an_entry_there_is_no_page(office, session):
    with connection.cursor() as cursor:
        check = "CONSTRAINT full_disk CHECK (action <> 'transcript.read') NOT VALID"
        cursor.execute(f"ALTER TABLE audit_auditentry ADD {check}")
    answer = office.get(page(session.pk))
    assert answer.status_code == 500
    assert "secret" not in answer.text


@pytest.mark.parametrize("role", ["support", "analyst", "nobody"])
def test_who_may_not_see_content_sees_nothing(make_user, session, role):
    roles_sync()
    member = make_user("member@example.com", is_staff=role != "nobody")
    if role != "nobody":
        member.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(member)
    answer = client.get(page(session.pk))
    assert answer.status_code == (302 if role == "nobody" else 403)
    assert "secret" not in answer.content.decode()
    assert reads() == []


def test_page_of_a_session_leads_to_it(office, session):
    assert f'href="{page(session.pk)}"' in office.get(page_of(ChatSession, "change", session.pk)).text


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=99999999", "before=%00", "before=²"])
def test_wrong_page_is_not_found(office, session, query):
    assert office.get(f"{page(session.pk)}?{query}").status_code == 404
    assert reads() == []


def test_session_that_is_deleted_or_unknown_is_not_found(office, session):
    session.deleted_at = session.created_at
    session.save()
    for session_id in (session.pk, uuid.uuid4()):
        assert office.get(page(session_id)).status_code == 404
    assert reads() == []


def test_lost_thread_is_not_given_back_by_a_reader(office, session, agent_server):
    agent_server.lose_thread(session.pk)
    answer = office.get(page(session.pk))
    assert answer.status_code == 200
    assert "comes back when its owner opens" in answer.text
    assert len(reads()) == 1


def test_agent_server_that_is_down_is_said(office, session, settings):
    settings.AGENT_SERVER_CONNECTOR = "sdk_bridge.connect"
    settings.LANGGRAPH_URL = "http://127.0.0.1:1"
    answer = office.get(page(session.pk))
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
