"""REST addresses of deletions, below /api/v1/."""

from django.urls import path

from controlplane.erasure.views import AccountDeletionView, Receipts

urlpatterns = [
    path("deletions/", Receipts.as_view({"get": "list"}), name="deletions"),
    path("deletions/<uuid:receipt_id>/", Receipts.as_view({"get": "retrieve"}), name="deletion"),
    path("me/deletion/", AccountDeletionView.as_view(), name="me-deletion"),
]
