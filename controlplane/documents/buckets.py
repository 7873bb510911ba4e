"""Keeps documents in a bucket that speaks S3's protocol, for several machines that share no disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NoReturn

from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]  # ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # ships no types
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # ships no types
from django.conf import settings
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]  # ships no types

from controlplane.documents.folders import FOLDER
from controlplane.errors import Unavailable

CONNECT_SECONDS: Final = 3
SILENT_SECONDS: Final = 20
ATTEMPTS: Final = 2
# What is larger waits on the disk while it is read.
LARGEST_IN_MEMORY: Final = 1_000_000


class PrivateBucket(S3Storage):  # type: ignore[misc]  # ships no types
    """Objects that no address leads to. Raises Unavailable where the bucket does not answer as it should."""

    def url(self, name: str | None, *_: Any, **__: Any) -> NoReturn:
        """Refuse: who may read a file is decided for each request."""
        raise ValueError(f"{name} has no address of its own")

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        with _answering():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Delete an object; one that is not there is no fault."""
        with _answering():
            super().delete(name)

    def names(self, *, older_than: datetime) -> Iterator[str]:
        """Name the documents' objects that were written before a moment; the library asks page by page."""
        with _answering():
            for found in self.bucket.objects.all():
                folder, _, _ = found.key.partition("/")
                if FOLDER.fullmatch(folder) and found.last_modified < older_than:
                    yield found.key

    def _save(self, name: str, content: Any) -> str:
        with _answering():
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> Any:
        """Fetch the whole file first: what fails, fails before anything is answered."""
        with _answering():
            opened = super()._open(name, mode)
            opened.open()
        return opened


def bucket() -> PrivateBucket:
    """Give the bucket that the settings name."""
    return _bucket(
        settings.DOCUMENTS_S3_BUCKET,
        settings.DOCUMENTS_S3_ENDPOINT,
        settings.DOCUMENTS_S3_REGION,
        settings.DOCUMENTS_S3_ACCESS_KEY,
        settings.DOCUMENTS_S3_SECRET_KEY,
    )


@lru_cache(maxsize=4)
def _bucket(name: str, endpoint: str, region: str, access_key: str, secret_key: str) -> PrivateBucket:
    return PrivateBucket(
        bucket_name=name,
        endpoint_url=endpoint or None,
        region_name=region or None,
        access_key=access_key or None,
        secret_key=secret_key or None,
        default_acl=None,
        file_overwrite=False,
        max_memory_size=LARGEST_IN_MEMORY,
        client_config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENT_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            signature_version="s3v4",
            # With an address of one's own, the bucket is no part of the host's name.
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
    )


@contextmanager
def _answering() -> Iterator[None]:
    """Name the fault without the request, which is signed."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise Unavailable("The documents' storage does not answer.", code="storage_unavailable") from error
