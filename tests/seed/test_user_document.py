"""The examples of `UserDocument`, from their text.

`user_{id}_documents` and the rest are as they are there. Two follow the meaning: the vector store itself
comes with the processing of documents, so the ids that it would give are written down here; and chunks are
cut by hand.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument


@pytest.fixture
def uploaded_file(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return SimpleUploadedFile("paper.pdf", b"Machine learning is fun.", content_type="application/pdf")


@pytest.fixture
def doc(user, uploaded_file) -> UserDocument:
    """Create the document record, example 1."""
    session = ChatSession.objects.create(user=user)
    return UserDocument.objects.create(
        user=user,
        chat_session=session,
        file=uploaded_file,
        file_name=uploaded_file.name,
        file_size=uploaded_file.size,
        file_type=uploaded_file.content_type,
    )


def test_create_document_record(doc, user):
    kept = UserDocument.objects.get(pk=doc.pk)
    assert (kept.file_name, kept.file_size, kept.file_type) == ("paper.pdf", 24, "application/pdf")
    assert kept.processing_status == "pending"
    assert kept.vector_collection_name == ""
    assert kept.is_active
    with kept.file.open("rb") as file:
        assert file.read() == b"Machine learning is fun."
    assert "paper" not in kept.file.name


def test_metadata_for_each_chunk(doc, user):
    vector_metadata = doc.get_vector_metadata()  # Returns searchable dict

    assert vector_metadata["user_id"] == str(user.id)
    assert vector_metadata["document_id"] == str(doc.id)
    for value in vector_metadata.values():
        assert isinstance(value, str | int | float | bool | list)


def test_mark_processing_completed(doc, user):
    collection_name = f"user_{user.id}_documents"
    vector_metadata = doc.get_vector_metadata()
    chunks = ["Machine learning", "is fun."]
    vector_ids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]

    doc.mark_processing_completed(
        collection_name=collection_name,  # Store collection name!
        vector_ids=vector_ids,
        chunk_count=len(chunks),
        collection_metadata={"user_id": str(user.id), "doc_type": "pdf"},
        vector_metadata=vector_metadata,
    )

    kept = UserDocument.objects.get(pk=doc.pk)
    assert kept.processing_status == "completed"
    assert kept.vector_collection_name == collection_name
    assert kept.vector_collection_metadata == {"user_id": str(user.id), "doc_type": "pdf"}
    assert kept.vector_store_ids == vector_ids
    assert kept.vector_metadata == vector_metadata
    assert kept.chunk_count == 2


def test_get_user_storage(doc, user):
    storage = UserDocument.get_user_storage_usage(user)

    assert f"Using {storage['total_size_mb']} MB" == "Using 0.0 MB"


def test_get_all_documents_in_a_collection(doc, user, stranger):
    doc.mark_processing_completed(
        collection_name=f"user_{user.id}_documents", vector_ids=["1"], chunk_count=1
    )

    docs_in_collection = UserDocument.get_documents_in_collection(
        collection_name=f"user_{user.id}_documents", user=user
    )

    assert list(docs_in_collection) == [doc]
    assert not UserDocument.get_documents_in_collection(
        collection_name=f"user_{user.id}_documents", user=stranger
    )
