"""Gives a file to its owner, piece by piece, as something to keep and never as something to show."""

import asyncio
import uuid
from typing import Any, Self

from asgiref.sync import sync_to_async
from django.core.files import File
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.waiting import free_thread
from controlplane.documents.models import UserDocument
from controlplane.documents.selectors import document_get
from controlplane.documents.services import document_open
from controlplane.documents.storage import UNKNOWN_TYPE

PIECE = 256 * 1024


class BytesRenderer(BaseRenderer):
    """Makes DRF accept any `Accept`; the file itself is never rendered by DRF."""

    media_type = UNKNOWN_TYPE
    format = "file"
    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:  # noqa: ARG002  # DRF passes them
        """Encode what is no file; nothing of the kind is answered here."""
        return bytes(data or b"")


class DocumentFileView(AsyncAPIView):
    """One document's file."""

    renderer_classes = (BytesRenderer,)

    @extend_schema(
        responses={(200, UNKNOWN_TYPE): OpenApiTypes.BINARY},
        operation_id="documents_download",
        tags=["documents"],
    )
    async def get(self, request: Request, document_id: uuid.UUID) -> StreamingHttpResponse:
        """Download a document's file as it was uploaded."""
        document, file = await sync_to_async(self._open)(user_of(request).pk, document_id)
        response = StreamingHttpResponse(Pieces(file), content_type=UNKNOWN_TYPE)
        # What a browser would make of it is not known: it may only be kept.
        disposition = content_disposition_header(as_attachment=True, filename=document.file_name)
        response.headers["Content-Disposition"] = disposition or "attachment"
        response.headers["Content-Length"] = str(document.file_size)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-store"
        return response

    def _open(self, owner_id: uuid.UUID, document_id: uuid.UUID) -> "tuple[UserDocument, File[bytes]]":
        document = document_get(document_id=document_id, owner_id=owner_id)
        return document, document_open(document)


class Pieces:
    """Reads a file for a streamed answer; Django closes it with the answer, whether it was read or not."""

    def __init__(self, file: "File[bytes]") -> None:
        """Take over an open file."""
        self._file = file
        self.close = file.close

    def __aiter__(self) -> Self:
        """Read from where it stands."""
        return self

    async def __anext__(self) -> bytes:
        """Read the next piece."""
        # However slowly the caller reads, no thread and no connection waits with the file.
        await free_thread()
        piece: bytes = await asyncio.to_thread(self._file.read, PIECE)
        if not piece:
            raise StopAsyncIteration
        return piece
