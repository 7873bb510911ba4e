"""A document goes from file to vectors in steps, each taken once."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from controlplane.errors import Conflict, Invalid
from tests.controlplane.documents.files import upload
from tests.controlplane.in_parallel import in_parallel

COMPLETION = {"collection_name": "user_1_documents", "vector_ids": ["a", "b"], "chunk_count": 2}

STEPS = {
    "started": lambda document: document.mark_processing_started(),
    "completed": lambda document: document.mark_processing_completed(**COMPLETION),
    "failed": lambda document: document.mark_processing_failed("no text"),
}
LEGAL = {
    ("pending", "started"): "processing",
    ("failed", "started"): "processing",
    ("pending", "completed"): "completed",
    ("processing", "completed"): "completed",
    ("pending", "failed"): "failed",
    ("processing", "failed"): "failed",
}


def standing(user, status: str) -> UserDocument:
    document = upload(user)
    marks = {"processing_status": status}
    if status == "completed":
        marks["vector_collection_name"] = "before"
    UserDocument.objects.filter(pk=document.pk).update(**marks)
    return UserDocument.objects.get(pk=document.pk)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", UserDocument.ProcessingStatus.values)
def test_each_step_begins_where_it_may(user, status, step):
    document = standing(user, status)
    before = UserDocument.objects.filter(pk=document.pk).values().get()

    if (status, step) in LEGAL:
        STEPS[step](document)
        assert document.processing_status == LEGAL[status, step]
        assert UserDocument.objects.get(pk=document.pk).processing_status == LEGAL[status, step]
    else:
        with pytest.raises(Conflict) as refusal:
            STEPS[step](document)
        assert refusal.value.code == "document_step_out_of_order"
        assert UserDocument.objects.filter(pk=document.pk).values().get() == before


def test_completion_notes_where_the_vectors_are(user):
    document = upload(user, tags=["tea"])

    document.mark_processing_completed(
        **COMPLETION, collection_metadata={"doc_type": "pdf"}, vector_metadata={"user_id": "1"}
    )

    kept = UserDocument.objects.get(pk=document.pk)
    assert (kept.vector_collection_name, kept.vector_store_ids, kept.chunk_count) == (
        "user_1_documents",
        ["a", "b"],
        2,
    )
    assert (kept.vector_collection_metadata, kept.vector_metadata) == ({"doc_type": "pdf"}, {"user_id": "1"})
    assert kept.processed_at is not None
    assert kept == document


def test_completion_without_metadata_keeps_the_documents_own(user):
    document = upload(user, tags=["tea"])
    document.mark_processing_completed(**COMPLETION)

    assert document.vector_metadata == document.get_vector_metadata()
    assert document.vector_metadata["tags"] == ["tea"]


@pytest.mark.parametrize("name", ["", "  "])
def test_completion_needs_a_collection(user, name):
    document = upload(user)
    with pytest.raises(Invalid) as refusal:
        document.mark_processing_completed(**{**COMPLETION, "collection_name": name})

    assert list(refusal.value.fields) == ["vector_collection_name"]
    assert UserDocument.objects.get().processing_status == "pending"


def test_database_refuses_completion_without_a_collection(user):
    document = upload(user)
    with pytest.raises(IntegrityError, match="documents_completed_in_collection"), transaction.atomic():
        UserDocument.objects.filter(pk=document.pk).update(processing_status="completed")


def test_failure_is_explained_and_bounded(user):
    document = upload(user)
    document.mark_processing_failed("no\x00 text" + "x" * 5000)

    assert document.error_message.startswith("no text")
    assert len(document.error_message) == 2000
    assert document.processed_at is not None

    document.mark_processing_started()
    assert (document.error_message, document.processed_at) == ("", None)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_begin_one_gets_there(user):
    document = upload(user)

    results = in_parallel(6, lambda _: UserDocument.objects.get(pk=document.pk).mark_processing_started())

    # What each one raised is shown: on a busy machine a connection may not be had in time.
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 5 + ["NoneType"], results


def test_vector_metadata_is_searchable(user):
    session = ChatSession.objects.create(user=user)
    document = upload(user, category="research", tags=["tea", "japan"], session_id=session.pk)

    described = document.get_vector_metadata()

    assert datetime.fromisoformat(described.pop("uploaded_at")) == document.created_at
    assert described == {
        "user_id": str(user.pk),
        "document_id": str(document.pk),
        "chat_session_id": str(session.pk),
        "file_name": "tea.txt",
        "file_type": "text/plain",
        "category": "research",
        "tags": ["tea", "japan"],
    }


def test_vector_metadata_leaves_out_what_is_not_said(user):
    described = upload(user).get_vector_metadata()

    assert not {"chat_session_id", "category", "tags"} & set(described)


def test_storage_is_added_up_in_one_query(user, stranger, settings, django_assert_num_queries):
    settings.MAX_STORAGE_MB_PER_USER = 7
    upload(user, content=b"x" * 15_000)
    upload(user, content=b"x" * 5_000)
    upload(stranger, content=b"x" * 90_000)

    with django_assert_num_queries(1):
        usage = UserDocument.get_user_storage_usage(user)

    assert usage == {
        "total_size_bytes": 20_000,
        "total_size_mb": 0.02,
        "document_count": 2,
        "limit_mb": 7,
    }


def test_storage_of_nothing_is_nothing(user):
    usage = UserDocument.get_user_storage_usage(user)
    assert (usage["total_size_bytes"], usage["document_count"]) == (0, 0)


def test_documents_in_a_collection_are_the_users_own(user, stranger):
    mine, theirs, other = upload(user), upload(stranger), upload(user)
    for document in (mine, theirs):
        document.mark_processing_completed(**COMPLETION)

    found = UserDocument.get_documents_in_collection(collection_name="user_1_documents", user=user)

    assert list(found) == [mine]
    assert other not in found


def test_session_that_goes_leaves_the_document(user):
    session = ChatSession.objects.create(user=user)
    document = upload(user, session_id=session.pk)
    session.delete()

    assert UserDocument.objects.get(pk=document.pk).chat_session is None


def test_user_cannot_be_deleted_over_their_files(user):
    upload(user)
    with pytest.raises(ProtectedError):
        user.delete()
