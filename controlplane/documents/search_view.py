"""Asks the caller's documents, and has one that failed processed again."""

import uuid
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.api.fields import TextField
from controlplane.documents.search import LONGEST_QUERY, MOST_RESULTS, Question, passages_find
from controlplane.documents.services import document_process_again
from controlplane.documents.views import DocumentView

ASKED: Mapping[str, Any] = {
    "query": "How is green tea kept from oxidizing?",
    "filter": {"category": {"$eq": "research"}, "tags": {"$in": ["tea"]}},
    "limit": 3,
}
FOUND: Mapping[str, Any] = {
    "results": [
        {
            "id": "0f0b6c1e-8a0a-5d0e-9e3e-0c8f7f0d1a55",
            "document_id": "019aa9b4-6f0a-7cc1-9c0e-0d5b9c5a7a11",
            "file_name": "tea ceremony.pdf",
            "page": 3,
            "chunk": 7,
            "heading": "Tea > Green tea",
            "text": "Green tea is steamed or pan-fired soon after it was picked.",
            "score": 0.0325,
            "similarity": 0.62,
        }
    ]
}


class PassageSerializer(serializers.Serializer[Any]):
    """A chunk of a document; `similarity` is the cosine, null where words alone fit."""

    id = serializers.CharField()
    document_id = serializers.UUIDField()
    file_name = serializers.CharField()
    page = serializers.IntegerField(allow_null=True, help_text="From 1; null where a file has no pages.")
    chunk = serializers.IntegerField(help_text="From 0, within the document.")
    heading = serializers.CharField(help_text="The headings above it, joined by ` > `; may be empty.")
    text = serializers.CharField()
    score = serializers.FloatField(help_text="Of both ranks; orders the results of one search.")
    similarity = serializers.FloatField(allow_null=True)

    class Meta:
        ref_name = "Passage"


class DocumentSearchView(APIView):
    """Passages by meaning and by words."""

    class Input(serializers.Serializer[Any]):
        """What is looked for, and where."""

        query = TextField(max_length=LONGEST_QUERY)
        session = serializers.UUIDField(
            required=False, allow_null=True, help_text="Search this session's own documents too."
        )
        filter = serializers.DictField(
            required=False,
            help_text="Over `document_id`, `chat_session_id`, `file_name`, `file_type`, `category`, `tags`, "
            "`heading`, `page`, `chunk`, `uploaded_at`: a value, or `$eq`, `$in`, and for numbers and dates "
            "`$gt`, `$gte`, `$lt`, `$lte`.",
        )
        limit = serializers.IntegerField(min_value=1, max_value=MOST_RESULTS, default=5)

        class Meta:
            ref_name = "DocumentSearch"

    class Output(serializers.Serializer[Any]):
        """The best passages, best first."""

        results = PassageSerializer(many=True)

        class Meta:
            ref_name = "Passages"

    @extend_schema(
        request=Input,
        responses=Output,
        operation_id="documents_search",
        tags=["documents"],
        examples=[
            OpenApiExample("A question", value=ASKED, request_only=True),
            OpenApiExample("Passages", value=FOUND, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Search your documents. The question's embedding is billed to you; nothing is when you have none."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        question = Question(
            text=asked["query"],
            session_id=asked.get("session"),
            filters=asked.get("filter") or {},
            limit=asked["limit"],
        )
        found = passages_find(question, owner_id=user_of(request).pk)
        return Response(self.Output({"results": found}).data)


class DocumentProcessView(APIView):
    """Another try."""

    @extend_schema(
        request=None,
        responses={202: DocumentView.Output},
        operation_id="documents_process",
        tags=["documents"],
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Process a document again that failed; 409 `document_not_failed` for any other."""
        document = document_process_again(document_id=document_id, owner_id=user_of(request).pk)
        return Response(DocumentView.Output(document).data, status=202)
