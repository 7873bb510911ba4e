"""REST addresses of preferences, below /api/v1/."""

from django.urls import path

from controlplane.preferences.views import PreferencesViewSet

urlpatterns = [
    path(
        "preferences/",
        PreferencesViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="preferences",
    )
]
