"""Reads the passages of one document in their order: what an answer names, and what was made of a file."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.documents.models import UserDocument
from controlplane.documents.selectors import document_get
from controlplane.documents.vector_writing import chunk_id
from controlplane.documents.vectors import connected

MOST_PASSAGES: Final = 50
# Ids follow from document and place: rows of the primary key, and still only the owner's.
READ: Final = """
    SELECT document, cmetadata FROM langchain_pg_embedding
    WHERE id = ANY(%(ids)s) AND cmetadata @> jsonb_build_object('user_id', %(user)s::text)
    ORDER BY (cmetadata->>'chunk')::int
"""
SHOWN: Final[Mapping[str, Any]] = {
    "results": [{"chunk": 7, "page": 3, "heading": "Tea > Green tea", "text": "Green tea is steamed."}],
    "total": 12,
}


def passages_of(document: UserDocument, *, first: int, limit: int) -> list[Mapping[str, Any]]:
    """Read passages from number `first` on, from 0: chunk, page or None, heading, text.

    Raises Unavailable.
    """
    ids = [chunk_id(document.pk, place) for place in range(first, min(first + limit, document.chunk_count))]
    with connected() as connection:
        if connection is None or not ids:
            return []
        rows = connection.execute(READ, {"ids": ids, "user": str(document.user_id)}).fetchall()
    return [
        {
            "chunk": about["chunk"],
            "page": about.get("page"),
            "heading": about.get("heading", ""),
            "text": text,
        }
        for text, about in rows
    ]


class DocumentPassagesView(APIView):
    """One document's passages."""

    class Input(serializers.Serializer[Any]):
        """Which of them."""

        first = serializers.IntegerField(min_value=0, max_value=10**9, default=0, help_text="From 0.")
        limit = serializers.IntegerField(min_value=1, max_value=MOST_PASSAGES, default=20)

    class Output(serializers.Serializer[Any]):
        """Passages in the order of the document, and how many it has in all."""

        class Row(serializers.Serializer[Any]):
            """One passage; `page` counts from 1 and is null where a file has no pages."""

            chunk = serializers.IntegerField()
            page = serializers.IntegerField(allow_null=True)
            heading = serializers.CharField()
            text = serializers.CharField()

            class Meta:
                ref_name = "DocumentPassage"

        results = Row(many=True)
        total = serializers.IntegerField()

        class Meta:
            ref_name = "DocumentPassages"

    @extend_schema(
        parameters=[Input],
        responses=Output,
        operation_id="documents_passages",
        tags=["documents"],
        examples=[OpenApiExample("From the seventh on", value=SHOWN, response_only=True)],
    )
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """Read a document's passages, as an answer's citation names them by `chunk`; nothing is billed."""
        given = self.Input(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        document = document_get(document_id=document_id, owner_id=user_of(request).pk)
        found = passages_of(document, **given.validated_data)
        return Response(self.Output({"results": found, "total": document.chunk_count}).data)
