"""Documents in a bucket: the same as in a folder, on a server that speaks S3's protocol."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from asgiref.sync import async_to_sync
from moto.server import ThreadedMotoServer

from controlplane.documents.deletion import document_erase
from controlplane.documents.models import UserDocument
from controlplane.documents.processing import document_process
from controlplane.documents.services import document_delete
from controlplane.documents.storage import private_storage
from controlplane.language_models.models import AllowedModel
from controlplane.upkeep.orphans.files import DocumentsWithoutFile, FilesWithoutDocument
from tests.controlplane.documents.files import a_file, kept_files, upload
from tests.controlplane.documents.house_embedder import house_embedder
from tests.ports import free_ports

LIST = "/api/v1/documents/"
SECRET = "secret-of-the-bucket"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    listening = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    listening.start()
    host, port = listening.get_host_and_port()
    yield f"http://{host}:{port}"
    listening.stop()


@pytest.fixture
def bucket(server, settings, request):
    """An empty bucket of the test's own, as the client of S3 that the product does not use sees it."""
    name = f"documents-{abs(hash(request.node.name))}"
    client = boto3.client(
        "s3",
        endpoint_url=server,
        region_name="eu-central-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    settings.DOCUMENTS_S3_BUCKET, settings.DOCUMENTS_S3_ENDPOINT = name, server
    settings.DOCUMENTS_S3_REGION = "eu-central-1"
    settings.DOCUMENTS_S3_ACCESS_KEY, settings.DOCUMENTS_S3_SECRET_KEY = "key", SECRET
    yield SimpleNamespace(
        keys=lambda: [one["Key"] for one in client.list_objects_v2(Bucket=name).get("Contents", [])],
        drop=lambda key: client.delete_object(Bucket=name, Key=key),
        put=lambda key: client.put_object(Bucket=name, Key=key, Body=b"left behind"),
    )
    client.close()


def test_document_lives_and_dies_in_the_bucket(api, user, bucket):
    content = b"Tea is good. " * 200_000
    answer = api.post(LIST, {"file": a_file(content=content)}, format="multipart")

    assert answer.status_code == 201
    document = UserDocument.objects.get()
    assert bucket.keys() == [document.file.name]
    assert kept_files() == []
    fetched = api.get(f"{LIST}{document.pk}/file/")
    assert (fetched.status_code, b"".join(_pieces(fetched))) == (200, content)
    document_delete(document_id=document.pk, owner_id=user.pk)
    document_erase(document_id=document.pk)
    assert bucket.keys() == []
    assert not UserDocument.objects.exists()


def _pieces(response) -> list[bytes]:
    async def gathered() -> list[bytes]:
        return [piece async for piece in response.streaming_content]

    return asyncio.run(gathered())


@pytest.mark.django_db(transaction=True)
def test_document_in_a_bucket_is_processed(user, bucket, settings, vectors):
    AllowedModel.objects.create(name=settings.EMBEDDING_MODEL, provider="openai", is_active=True)
    document = upload(user, "tea.md", b"# Tea\n\nGreen tea is steamed.\n")
    with house_embedder() as listening:
        settings.EMBEDDINGS_BASE_URL = listening.base_url

        assert document_process(document_id=document.pk)

    assert vectors.execute("SELECT document FROM langchain_pg_embedding").fetchall() == [
        ("Green tea is steamed.",)
    ]


def test_lost_object_is_told_as_a_lost_file_is(api, user, bucket):
    document = upload(user)
    bucket.drop(document.file.name)

    answer = api.get(f"{LIST}{document.pk}/file/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_missing")


@pytest.mark.django_db(transaction=True)
def test_orphans_are_found_in_a_bucket(user, bucket):
    kept, lost = upload(user, "kept.txt"), upload(user, "lost.txt")
    bucket.drop(lost.file.name)
    bucket.put("00/" + "0" * 32)
    bucket.put("exports/not-a-document")
    later = datetime.now(UTC) + timedelta(minutes=1)

    async def found(search) -> list[str]:
        return [orphan.subject_id async for orphan in search.find(None, older_than=later)]

    assert list(private_storage().names(older_than=datetime(2020, 1, 1, tzinfo=UTC))) == []
    assert sorted(private_storage().names(older_than=later)) == sorted(["00/" + "0" * 32, kept.file.name])
    assert async_to_sync(found)(FilesWithoutDocument()) == ["00/" + "0" * 32]
    assert async_to_sync(found)(DocumentsWithoutFile()) == [str(lost.pk)]


@pytest.mark.parametrize("fault", ["unreachable", "no such bucket", "wrong address"])
def test_bucket_that_does_not_answer_is_told(api, user, bucket, settings, caplog, fault):
    document = upload(user)
    if fault == "unreachable":
        settings.DOCUMENTS_S3_ENDPOINT = f"http://127.0.0.1:{free_ports(1)[0]}"
    elif fault == "no such bucket":
        settings.DOCUMENTS_S3_BUCKET = "somewhere-else"
    else:
        settings.DOCUMENTS_S3_BUCKET = "Not a bucket's name"

    put = api.post(LIST, {"file": a_file()}, format="multipart")
    got = api.get(f"{LIST}{document.pk}/file/")

    assert (put.status_code, put.json()["error"]["code"]) == (503, "storage_unavailable")
    # An object that is not in a bucket and a bucket that is not there are told apart by nobody.
    assert got.status_code == (404 if fault == "no such bucket" else 503)
    assert UserDocument.objects.count() == 1
    assert SECRET not in caplog.text + put.text + got.text
