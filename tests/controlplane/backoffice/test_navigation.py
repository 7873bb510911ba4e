"""The sidebar leads to every page that the reader may see, and to no other."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse

from controlplane.backoffice.navigation import GROUPS, sidebar


def links(user) -> list[str]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return [item["link"] for group in sidebar(request) for item in group["items"]]


def headings(user) -> list[str]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return [str(group.get("title", "")) for group in sidebar(request)]


def test_administrator_is_led_everywhere(make_user):
    reader = make_user("admin@example.com", is_staff=True, is_superuser=True)
    pages = {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    }
    found = links(reader)

    assert set(found) == {reverse("admin:index"), reverse("admin:usage_tokenusage_report"), *pages}
    assert len(found) == len(set(found))


def test_every_app_has_been_sorted_under_a_heading():
    sorted_labels = {label for _, labels in GROUPS for label in labels}

    assert {model._meta.app_label for model in admin.site._registry} - sorted_labels <= {
        "account",
        "mfa",
        "socialaccount",
    }


@pytest.mark.parametrize(
    ("permissions", "seen"),
    [
        pytest.param([], [""], id="none"),
        pytest.param(["view_run"], ["", "Conversations"], id="runs"),
        pytest.param(["view_customuser", "view_tokenusage"], ["", "People", "Usage and cost"], id="two"),
    ],
)
def test_reader_is_led_where_they_may_go(make_user, permissions, seen):
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=permissions))

    assert headings(reader) == seen
    # The report of usage is a page of its own, for those who may see its calls.
    assert len(links(reader)) == 1 + len(permissions) + ("view_tokenusage" in permissions)


@pytest.mark.parametrize(
    ("page_name", "title"),
    [
        pytest.param("admin:runs_run_changelist", "Runs", id="table"),
        pytest.param("admin:usage_tokenusage_report", "Usage report", id="report"),
        pytest.param("admin:usage_tokenusage_changelist", "Token usage", id="reported-table"),
    ],
)
def test_where_one_is_is_marked(make_user, page_name, title):
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    page = client.get(reverse(page_name))

    marked = [
        item["title"]
        for group in page.context["sidebar_navigation"]
        for item in group["items"]
        if item["active"]
    ]
    assert marked == [title]
