"""Administrators help with documents by the same services as their users, and see no file."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from controlplane.documents.models import UserDocument
from tests.controlplane.documents.files import kept_files, upload

LIST = "admin:documents_userdocument_changelist"


@pytest.fixture
def office(make_user) -> Client:
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


def act(office, action: str, *documents, **more: str):
    keys = [str(document.pk) for document in documents]
    return office.post(reverse(LIST), {"action": action, "_selected_action": keys, **more}, follow=True)


@pytest.mark.parametrize(
    ("action", "before", "after"), [("switch_on", False, True), ("switch_off", True, False)]
)
def test_documents_are_switched(office, user, action, before, after):
    chosen, other = upload(user), upload(user)
    UserDocument.objects.update(is_active=before)

    page = act(office, action, chosen)

    assert "Done for 1 document." in page.text
    marks = dict(UserDocument.objects.values_list("pk", "is_active"))
    assert marks == {chosen.pk: after, other.pk: before}


def test_deleting_many_takes_their_files(office, user, django_capture_on_commit_callbacks):
    chosen, other = [upload(user), upload(user)], upload(user)
    with django_capture_on_commit_callbacks(execute=True):
        act(office, "delete_selected", *chosen, post="yes")

    assert list(UserDocument.objects.all()) == [other]
    assert [path.name for path in kept_files()] == [other.file.name.split("/")[-1]]


def test_deleting_one_takes_its_file(office, user, django_capture_on_commit_callbacks):
    document = upload(user)
    address = reverse("admin:documents_userdocument_delete", args=[document.pk])
    with django_capture_on_commit_callbacks(execute=True):
        office.post(address, {"post": "yes"}, follow=True)

    assert not UserDocument.objects.exists()
    assert kept_files() == []


def test_page_shows_neither_file_nor_where_it_is(office, user):
    document = upload(user, content=b"Secret tea.")
    page = office.get(reverse("admin:documents_userdocument_change", args=[document.pk])).text

    assert "tea.txt" in page
    assert document.file.name not in page
    assert "Secret tea." not in page


def test_what_its_user_says_can_be_helped_with_and_the_rest_not(office, user):
    document = upload(user)
    fields = {
        "category": "research",
        "tags": "tea,japan",
        "file_name": "other",
        "processing_status": "failed",
    }
    office.post(reverse("admin:documents_userdocument_change", args=[document.pk]), fields, follow=True)

    document.refresh_from_db()
    assert (document.category, document.tags, document.is_active) == ("research", ["tea", "japan"], False)
    assert (document.file_name, document.processing_status) == ("tea.txt", "pending")


def test_support_sees_that_there_is_a_document_and_not_what_it_is(make_user, user):
    document = upload(user, "diagnosis.pdf", category="illness", tags=["cancer"])
    reader = make_user("support@example.com", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_userdocument"))
    client = Client()
    client.force_login(reader)

    pages = [
        client.get(reverse(LIST)),
        client.get(reverse(LIST), {"q": "diagnosis"}),
        client.get(reverse("admin:documents_userdocument_change", args=[document.pk])),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert user.email in pages[0].text
    for page in pages:
        assert not [word for word in ("diagnosis.pdf", "illness", "cancer") if word in page.text]
