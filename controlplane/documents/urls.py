"""REST addresses of documents, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from controlplane.documents.downloads import DocumentFileView
from controlplane.documents.passages import DocumentPassagesView
from controlplane.documents.search_view import DocumentProcessView, DocumentSearchView
from controlplane.documents.views import DocumentsView, DocumentView

urlpatterns: list[URLPattern | URLResolver] = [
    path("documents/", DocumentsView.as_view({"get": "list", "post": "create"}), name="documents"),
    path("documents/search/", DocumentSearchView.as_view(), name="document-search"),
    path(
        "documents/<uuid:document_id>/",
        DocumentView.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="document",
    ),
    path("documents/<uuid:document_id>/file/", DocumentFileView.as_view(), name="document-file"),
    path("documents/<uuid:document_id>/passages/", DocumentPassagesView.as_view(), name="document-passages"),
    path("documents/<uuid:document_id>/process/", DocumentProcessView.as_view(), name="document-process"),
]
