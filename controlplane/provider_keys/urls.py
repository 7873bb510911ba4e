"""REST addresses of provider keys, below /api/v1/."""

from django.urls import path

from controlplane.provider_keys.views import ProviderKeyViewSet

urlpatterns = [
    path(
        "provider-keys/",
        ProviderKeyViewSet.as_view({"get": "list", "post": "create"}),
        name="provider-keys",
    ),
    path(
        "provider-keys/<uuid:key_id>/",
        ProviderKeyViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="provider-key",
    ),
    path(
        "provider-keys/<uuid:key_id>/validate/",
        ProviderKeyViewSet.as_view({"post": "validate"}),
        name="provider-key-validate",
    ),
]
