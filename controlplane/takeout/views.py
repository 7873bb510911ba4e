"""Exports over REST: asked for, followed, fetched and deleted by their owner, never by a script's token."""

import uuid
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request

from controlplane.accounts.authentication import AccountOwnerOnly
from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.viewsets import CreatesOnce, Deletes, OwnedViewSet
from controlplane.documents.downloads import BytesRenderer, Pieces
from controlplane.takeout import services
from controlplane.takeout.models import AccountExport, AccountExportQuerySet

ZIP = "application/zip"
EXAMPLE = {
    "id": "019aa9b4-6f0a-7cc1-9c0e-0d5b9c5a7a11",
    "status": "ready",
    "pieces_done": 41,
    "pieces_total": 41,
    "size_bytes": 281734,
    "error_code": "",
    "created_at": "2026-11-22T09:30:00Z",
    "finished_at": "2026-11-22T09:30:12Z",
    "expires_at": "2026-11-29T09:30:12Z",
}
SHOWN = OpenApiExample("Ready to be fetched", value=EXAMPLE, response_only=True)


class _Exports(AccountOwnerOnly, OwnedViewSet[AccountExport]):
    """What all addresses of exports share."""

    queryset = AccountExport.objects.none()
    lookup_url_kwarg = "export_id"

    class Output(serializers.ModelSerializer[AccountExport]):
        """How far an export is; `pieces_total` is null until a worker has begun."""

        class Meta:
            ref_name = "AccountExport"
            model = AccountExport
            fields: ClassVar[list[str]] = list(EXAMPLE)
            read_only_fields = fields

    serializer_class = Output

    def owned_by(self, owner_id: uuid.UUID) -> AccountExportQuerySet:
        """Keep the caller's exports."""
        return AccountExport.objects.owned_by(owner_id)


@extend_schema_view(
    list=extend_schema(
        operation_id="exports_list",
        tags=["exports"],
        description="List your exports, newest first.",
        examples=[SHOWN],
    ),
    create=extend_schema(
        operation_id="exports_request",
        tags=["exports"],
        description="Ask for a file with everything that is kept of you: account, settings, conversations, "
        "documents, usage. It is made in the background; while one is being made, that one is the answer.",
        examples=[SHOWN],
    ),
)
class ExportsView(CreatesOnce[AccountExport], _Exports):
    """All exports of the caller."""

    class Input(serializers.Serializer[AccountExport]):
        """There is nothing to choose."""

        class Meta:
            ref_name = "AccountExportRequest"

    def make(self, given: dict[str, Any]) -> AccountExport:  # noqa: ARG002  # there is nothing in it
        """Ask for one."""
        return services.export_request(owner_id=self.owner_id)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="exports_read",
        tags=["exports"],
        description="See how far an export is; its file is one address further once it is `ready`.",
        examples=[SHOWN],
    ),
    destroy=extend_schema(
        operation_id="exports_delete",
        tags=["exports"],
        description="Delete an export and its file, or stop one that is being made.",
        responses={204: None},
    ),
)
class ExportView(Deletes[AccountExport], _Exports):
    """One export of the caller."""

    def remove(self, row: AccountExport) -> None:
        """Delete the export and its file."""
        services.export_delete(export_id=row.pk, owner_id=self.owner_id)


class ExportFileView(AccountOwnerOnly, AsyncAPIView):
    """One export's file."""

    renderer_classes = (BytesRenderer,)

    @extend_schema(
        responses={(200, ZIP): OpenApiResponse(OpenApiTypes.BINARY)},
        operation_id="exports_download",
        tags=["exports"],
    )
    async def get(self, request: Request, export_id: uuid.UUID) -> StreamingHttpResponse:
        """Fetch an export's zip, until it expires; `manifest.json` in it says what there is."""
        owner_id = user_of(request).pk
        export, file = await sync_to_async(services.export_open)(export_id=export_id, owner_id=owner_id)
        response = StreamingHttpResponse(Pieces(file), content_type=ZIP)
        name = f"threadplane-{export.created_at:%Y-%m-%d}.zip"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Content-Length"] = str(export.size_bytes)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-store"
        return response
