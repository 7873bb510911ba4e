"""The pages of the back office: who may see them, what they cost and what they never show."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controlplane.accounts.models import CustomUser, Invitation, PersonalAccessToken
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.documents.models import UserDocument
from controlplane.erasure.models import DeletionReceipt
from controlplane.feedback.models import MessageFeedback
from controlplane.preferences.models import UserPreference
from controlplane.prompts.models import PromptRating, PromptVersion, SystemPromptTemplate
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.runs.models import Run
from controlplane.takeout.models import AccountExport
from controlplane.tools.models import ToolCall, UserTool
from controlplane.upkeep.models import DriftFinding
from controlplane.usage.models import DailyCounter, MonthlyCounter, TokenUsage, UsageGrant

OURS = [
    CustomUser,
    PersonalAccessToken,
    Invitation,
    UserPreference,
    SystemPromptTemplate,
    PromptVersion,
    PromptRating,
    ChatSession,
    DeletedThread,
    DeletionReceipt,
    MessageFeedback,
    Run,
    UserDocument,
    TokenUsage,
    DailyCounter,
    MonthlyCounter,
    UsageGrant,
    UserAPIKey,
    KeyCounter,
    UserTool,
    ToolCall,
    AccountExport,
]
# Of the house and not of users: what these pages cost and allow is tested beside their apps.
OF_THE_HOUSE = ["AllowedModel", "ModelPrice", "AvailableTool", "McpServer", "DriftFinding", "AuditEntry"]
SHOWN_ONLY = [
    PersonalAccessToken,
    PromptVersion,
    PromptRating,
    DeletedThread,
    DeletionReceipt,
    Run,
    TokenUsage,
    DailyCounter,
    MonthlyCounter,
    UserAPIKey,
    KeyCounter,
    ToolCall,
    AccountExport,
    DriftFinding,
]


def page_of(model, step: str, *arguments) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{step}", args=arguments)


def rows_of(model) -> list[dict]:
    return list(model.objects.order_by("pk").values())


def test_tokens_are_not_listed():
    registered = {model.__name__ for model in admin.site._registry}

    assert registered == {"Group", *OF_THE_HOUSE, *(model.__name__ for model in OURS)}


@pytest.mark.parametrize("model", OURS)
def test_list_costs_the_same_for_many_rows(office, add_one_of_each, model):

    add_one_of_each("one@example.com")
    with CaptureQueriesContext(connection) as few:
        assert office.get(page_of(model, "changelist")).status_code == 200
    for number in range(4):
        add_one_of_each(f"more{number}@example.com")
    with CaptureQueriesContext(connection) as many:
        page = office.get(page_of(model, "changelist"))

    assert len(many) == len(few)
    assert "more3@example.com" in page.text


@pytest.mark.parametrize("model", OURS)
@pytest.mark.parametrize("query", ["?q=tea", "?q=00000000", "?q=%00"])
def test_lists_can_be_searched(office, add_one_of_each, model, query):
    add_one_of_each("one@example.com")

    assert office.get(page_of(model, "changelist") + query).status_code in {200, 302}


@pytest.mark.parametrize("model", OURS)
def test_detail_is_shown(office, add_one_of_each, model):
    add_one_of_each("one@example.com")
    row = model.objects.order_by("pk").last()

    page = office.get(page_of(model, "change", row.pk))

    assert page.status_code == 200
    assert str(row) in page.text


@pytest.mark.parametrize("model", SHOWN_ONLY)
def test_mirror_cannot_be_added_to_changed_or_deleted(office, add_one_of_each, model):
    add_one_of_each("one@example.com")
    before = rows_of(model)
    row = model.objects.first()

    for step, arguments in (("add", ()), ("change", (row.pk,)), ("delete", (row.pk,))):
        assert office.post(page_of(model, step, *arguments), {"post": "yes"}).status_code == 403
    assert rows_of(model) == before


@pytest.mark.parametrize("model", [CustomUser, UserPreference, ChatSession])
def test_row_that_others_depend_on_is_not_deleted(office, add_one_of_each, model):
    add_one_of_each("one@example.com")
    row = model.objects.order_by("pk").last()

    assert office.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OURS)
@pytest.mark.parametrize("is_known", [True, False], ids=["user", "nobody"])
def test_back_office_is_closed_to_others(make_user, add_one_of_each, model, is_known):
    add_one_of_each("one@example.com")
    client = Client()
    if is_known:
        client.force_login(make_user("curious@example.com"))

    page = client.get(page_of(model, "changelist"))

    assert (page.status_code, page.url.split("?")[0]) == (302, reverse("admin:login"))


def test_user_page_shows_nothing_of_the_password(office, make_user):
    user = make_user("one@example.com")
    user.set_password("correct horse battery")
    user.save()

    page = office.get(page_of(CustomUser, "change", user.pk)).text

    algorithm, _, salt, digest = user.password.split("$")
    for part in (algorithm, salt[:6], digest[:6]):
        assert part not in page
    assert "../password/" in page


def test_no_page_leads_to_a_site_that_is_not_there(office):
    for page in (Client().get(reverse("admin:login")), office.get(reverse("admin:index"))):
        assert page.status_code == 200
        assert "Return to site" not in page.text


def test_times_are_shown_to_the_second(office, add_one_of_each):
    add_one_of_each("one@example.com")
    run = Run.objects.get()

    shown = timezone.localtime(run.admitted_at).strftime("%Y-%m-%d %H:%M:%S")

    assert shown in office.get(page_of(Run, "changelist")).text


def test_runs_tell_how_long_they_took(office, add_one_of_each):
    add_one_of_each("one@example.com")
    Run.objects.update(ended_at=F("admitted_at") + timedelta(seconds=2.5))

    assert "2.5 s" in office.get(page_of(Run, "changelist")).text


def test_signing_in_never_leads_elsewhere(make_user):
    make_user("admin@example.com", password="correct horse", is_staff=True)
    form = {"username": "admin@example.com", "password": "correct horse"}

    answer = Client().post(f"{reverse('admin:login')}?next=//evil.example/", form)

    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))
