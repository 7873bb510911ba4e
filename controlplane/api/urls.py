"""Addresses of the API's own description, below /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from controlplane.api.reference import ApiReference

urlpatterns = [
    path(
        "schema/", SpectacularAPIView.as_view(permission_classes=(), authentication_classes=()), name="schema"
    ),
    path("docs/", ApiReference.as_view(), name="docs"),
]
