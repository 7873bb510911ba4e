"""REST addresses of usage, below /api/v1/."""

from django.urls import path

from controlplane.usage.views import UsageListView

urlpatterns = [path("usage/", UsageListView.as_view(), name="usage")]
