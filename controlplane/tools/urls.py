"""REST addresses of tools, below /api/v1/."""

from django.urls import path

from controlplane.tools.views.catalogue import CatalogueViewSet
from controlplane.tools.views.user_tools import UserToolViewSet

urlpatterns = [
    path("tools/", CatalogueViewSet.as_view({"get": "list"}), name="tools"),
    path("user-tools/", UserToolViewSet.as_view({"get": "list", "post": "create"}), name="user-tools"),
    path(
        "user-tools/<uuid:user_tool_id>/",
        UserToolViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="user-tool",
    ),
]
