"""REST addresses of usage, and of the models whose prices it knows, below /api/v1/."""

from django.urls import path

from controlplane.usage.views.calls import UsageListView
from controlplane.usage.views.limits import LimitsView
from controlplane.usage.views.models import ModelsView
from controlplane.usage.views.summary import UsageSummaryView

urlpatterns = [
    path("models/", ModelsView.as_view(), name="models"),
    path("usage/", UsageListView.as_view(), name="usage"),
    path("usage/limits/", LimitsView.as_view(), name="usage-limits"),
    path("usage/summary/", UsageSummaryView.as_view(), name="usage-summary"),
]
