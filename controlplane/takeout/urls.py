"""REST addresses of exports, below /api/v1/."""

from django.urls import path

from controlplane.takeout.views import ExportFileView, ExportsView, ExportView

urlpatterns = [
    path("exports/", ExportsView.as_view({"get": "list", "post": "create"}), name="exports"),
    path(
        "exports/<uuid:export_id>/",
        ExportView.as_view({"get": "retrieve", "delete": "destroy"}),
        name="export",
    ),
    path("exports/<uuid:export_id>/file/", ExportFileView.as_view(), name="export-file"),
]
