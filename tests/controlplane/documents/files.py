"""Small files, uploaded as the API would."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from controlplane.accounts.models import CustomUser
from controlplane.documents.models import UserDocument
from controlplane.documents.services import document_upload


def a_file(name: str = "tea.txt", content: bytes = b"Tea is good.", kind: str = "text/plain"):
    """Make a file as a browser sends it."""
    return SimpleUploadedFile(name, content, content_type=kind)


def upload(user: CustomUser, name: str = "tea.txt", content: bytes = b"Tea.", **said: Any) -> UserDocument:
    """Keep a file of a user's."""
    return document_upload(owner_id=user.pk, file=a_file(name, content), **said)


def kept_files() -> list[Path]:
    """List what is on the disk."""
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())
