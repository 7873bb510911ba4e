"""Sessions in the back office: found by index, changed through the services, exported in bounds."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.test import AsyncRequestFactory, Client
from django.urls import reverse

from controlplane.backoffice import exports
from controlplane.chat.models import ChatSession

PAGE = reverse("admin:chat_chatsession_changelist")


@pytest.fixture
def office(make_user) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def two(user, stranger) -> list[ChatSession]:
    return [
        ChatSession.objects.create(user=user, title="Green tea", tags=["leaf", "green tea"]),
        ChatSession.objects.create(user=stranger, title="Coffee", tags=["bean"], model_name="gpt-4o"),
    ]


def export(office, sessions) -> list[list[str]]:
    keys = [str(session.pk) for session in sessions]
    answer = office.post(PAGE, {"action": "export_csv", "_selected_action": keys})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv")
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("tea", {"Green tea"}),
        ("GREEN", {"Green tea"}),
        ("gree", set()),
        ("ee", set()),
        ("eve@", {"Coffee"}),
        ("tag:Bean", {"Coffee"}),
        ("tag:green tea", {"Green tea"}),
        ("tag:coffee", set()),
        ("tag:", set()),
        ("???", set()),
        ("", {"Green tea", "Coffee"}),
    ],
)
def test_sessions_are_found(office, two, text, titles):
    page = office.get(PAGE, {"q": text})

    assert {session.title for session in page.context["cl"].result_list} == titles


def test_sessions_are_found_by_id(office, two):
    for wanted in (two[0].pk, two[0].user_id):
        page = office.get(PAGE, {"q": str(wanted)})
        assert [session.pk for session in page.context["cl"].result_list] == [two[0].pk]


def test_form_changes_through_the_service(office, two, settings):
    address = reverse("admin:chat_chatsession_change", args=[two[0].pk])
    fields = {"title": "Black tea", "tags": " Leaf , leaf,HOT", "enable_summarization": "unknown"}

    assert office.post(address, fields).status_code == 302

    changed = ChatSession.objects.get(pk=two[0].pk)
    assert (changed.title, changed.tags) == ("Black tea", ["leaf", "hot"])
    assert changed.updated_at > two[0].updated_at


@pytest.mark.parametrize(
    ("field", "value"), [("tags", "x" * 41), ("model_name", "no-such-model"), ("temperature", "3")]
)
def test_what_the_service_would_refuse_is_said_beside_the_field(office, two, field, value):
    address = reverse("admin:chat_chatsession_change", args=[two[0].pk])

    answer = office.post(address, {"title": "Black tea", field: value})

    assert (answer.status_code, list(answer.context["adminform"].form.errors)) == (200, [field])
    assert ChatSession.objects.get(pk=two[0].pk).title == "Green tea"


def test_session_being_deleted_is_not_changed(office, two):
    ChatSession.objects.filter(pk=two[0].pk).update(deleted_at=two[0].updated_at)
    address = reverse("admin:chat_chatsession_change", args=[two[0].pk])

    assert office.post(address, {"title": "Black tea"}).status_code == 403
    assert ChatSession.objects.get(pk=two[0].pk).title == "Green tea"


def test_chosen_sessions_are_exported(office, two):
    heading, row = export(office, two[:1])

    assert dict(zip(heading, row, strict=True)) | {"created_at": "", "updated_at": ""} == {
        "id": str(two[0].pk),
        "user__email": "ada@example.com",
        "title": "Green tea",
        "tags": "leaf, green tea",
        "model_name": "",
        "is_archived": "False",
        "is_pinned": "False",
        "message_count": "0",
        "total_tokens_used": "0",
        "total_cost": "0.000000000",
        "created_at": "",
        "updated_at": "",
    }


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@sum", "\t=1"])
def test_no_title_becomes_a_formula(office, user, title):
    (_, row) = export(office, [ChatSession.objects.create(user=user, title=title)])

    assert row[2] == f"'{title}"


def test_export_is_bounded(office, user, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    monkeypatch.setattr(exports, "ROWS_PER_CHUNK", 2)
    made = [ChatSession.objects.create(user=user) for _ in range(5)]

    assert len(export(office, made)) == 4


async def test_export_is_sent_in_pieces_to_a_server_that_awaits(monkeypatch):
    monkeypatch.setattr(exports, "ROWS_PER_CHUNK", 2)
    rows = [[number] for number in range(3)]

    answer = exports.stream_csv(AsyncRequestFactory().get("/"), name="numbers", heading=["n"], rows=rows)

    assert [chunk async for chunk in answer] == [b"n\r\n0\r\n1\r\n", b"2\r\n"]


def test_role_that_sees_no_content_neither_finds_nor_exports_it(make_user, two):
    support = Client(raise_request_exception=True)
    person = make_user("support@example.com", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_chatsession"))
    support.force_login(person)

    for text in ("tea", "tag:leaf"):
        assert list(support.get(PAGE, {"q": text}).context["cl"].result_list) == []
    heading, row = export(support, two[:1])
    assert not {"title", "tags"} & set(heading)
    assert "Green tea" not in row
