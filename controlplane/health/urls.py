"""Addresses of the health checks."""

from django.urls import path

from controlplane.health.metrics import metrics
from controlplane.health.views import live, ready

urlpatterns = [
    path("live/", live, name="health-live"),
    path("ready/", ready, name="health-ready"),
    path("metrics/", metrics, name="health-metrics"),
]
