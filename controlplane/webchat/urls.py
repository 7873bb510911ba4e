"""Addresses of the web chat; those below the first are the app's own pages."""

from django.urls import path, re_path

from controlplane.webchat.views import page

urlpatterns = [
    path("", page, name="webchat"),
    re_path(r"^[a-z0-9/-]+$", page),
]
