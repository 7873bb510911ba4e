"""Each role on each page of the back office, from the registry: a new page cannot be forgotten."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from controlplane.accounts.models import CustomUser
from controlplane.accounts.roles import ROLES, roles_sync
from controlplane.approvals.models import ToolApproval
from controlplane.backoffice.content import HidesContent
from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from tests.controlplane.admin.test_pages import page_of

PAGES = sorted(admin.site._registry, key=lambda model: model._meta.label)
OF_SUPPORT = {
    "accounts.CustomUser",
    "accounts.PersonalAccessToken",
    "accounts.Invitation",
    "chat.ChatSession",
    "chat.DeletedThread",
    "runs.Run",
    "takeout.AccountExport",
    "upkeep.DriftFinding",
}
OF_ANALYSTS = {"usage.TokenUsage", "usage.DailyCounter", "runs.Run"}
# Apps whose pages a role sees whatever they are called.
WHOLE_APPS = {
    "support": {"approvals", "documents", "erasure", "provider_keys", "tools"},
    "analyst": {"feedback", "language_models", "usage"},
}
SEEN = {"support": OF_SUPPORT, "analyst": OF_ANALYSTS}
SECRET_TITLE, SECRET_PROMPT, SECRET_NAME = "Divorce lawyer", "You are my doctor", "Insolvency report"


def may_see(role: str, model) -> bool:
    return role == "admin" or model._meta.label in SEEN[role] or model._meta.app_label in WHOLE_APPS[role]


@pytest.fixture
def in_role(make_user):
    """Make a browser in which a member of a role is signed in."""

    def make(role: str) -> Client:
        roles_sync()
        member = make_user(f"{role}@example.com", is_staff=True)
        member.groups.add(Group.objects.get(name=role))
        client = Client(raise_request_exception=True)
        client.force_login(member)
        return client

    return make


@pytest.fixture
def written(add_one_of_each):
    """Something of everything, with content that would be recognised."""
    session = add_one_of_each("one@example.com")
    ChatSession.objects.update(title=SECRET_TITLE, custom_system_prompt=SECRET_PROMPT)
    session.user.personal_access_tokens.update(name=SECRET_NAME)
    asked = {"arguments": {"query": SECRET_TITLE}, "edited_arguments": {"query": SECRET_NAME}}
    ToolApproval.objects.update(**asked, reason=SECRET_PROMPT)
    return session


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label)
def test_role_sees_its_pages_and_no_other(in_role, written, role, model):
    office = in_role(role)
    row = model._default_manager.order_by("pk").first()
    pages = [page_of(model, "changelist")]
    pages += [page_of(model, "change", row.pk), page_of(model, "history", row.pk)] if row else []

    for page in pages:
        answer = office.get(page)
        expected = {200, 403} if page.endswith("/history/") and may_see(role, model) else {200}
        assert answer.status_code in (expected if may_see(role, model) else {403})
        if role != "admin":
            for content in (SECRET_TITLE, SECRET_PROMPT, SECRET_NAME):
                assert content not in answer.content.decode()


@pytest.mark.parametrize("role", ["support", "analyst"])
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label)
def test_role_that_looks_changes_nothing(in_role, written, role, model):
    office = in_role(role)
    row = model._default_manager.order_by("pk").first()
    if row is None:
        return
    before = list(model._default_manager.order_by("pk").values())
    for step, arguments in (("add", ()), ("change", (row.pk,)), ("delete", (row.pk,))):
        assert office.post(page_of(model, step, *arguments), {"post": "yes"}).status_code == 403
    actions = [name for name in admin.site._registry[model].actions if isinstance(name, str)]
    for action in actions:
        office.post(page_of(model, "changelist"), {"action": action, "_selected_action": [str(row.pk)]})
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label)
def test_content_that_a_page_names_is_there(model):
    page = admin.site._registry[model]
    assert isinstance(page, HidesContent)
    known = {field.name for field in model._meta.get_fields()} | {"__str__"}
    assert {name for name in page.content_fields if name not in known and not hasattr(page, name)} == set()


def test_administrator_sees_content(in_role, written):
    office = in_role("admin")
    assert SECRET_TITLE in office.get(page_of(ChatSession, "changelist")).text
    assert SECRET_PROMPT in office.get(page_of(ChatSession, "change", written.pk)).text
    assert SECRET_TITLE in office.get(page_of(Run, "changelist")).text


@pytest.mark.parametrize(
    "query", ["?q=Divorce", "?title__startswith=Divorce", "?custom_system_prompt__contains=doctor"]
)
def test_content_is_not_to_be_guessed(in_role, written, query):
    answer = in_role("support").get(page_of(ChatSession, "changelist") + query)
    assert str(written.pk) not in answer.content.decode()
    assert answer.status_code in {200, 302, 400}


def test_pickers_show_no_names(in_role, written):
    office = in_role("admin")
    query = {"app_label": "runs", "model_name": "run", "field_name": "session", "term": ""}
    assert SECRET_TITLE in office.get(reverse("admin:autocomplete"), query).content.decode()
    Group.objects.get(name="support").user_set.add(CustomUser.objects.get(email="admin@example.com"))
    Group.objects.get(name="admin").user_set.clear()
    answer = office.get(reverse("admin:autocomplete"), query)
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_administrators_make_no_superusers(in_role, make_user):
    office = in_role("admin")
    user, root = (
        make_user("plain@example.com"),
        make_user("root@example.com", is_superuser=True, is_staff=True),
    )
    fields = {"email": user.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    office.post(page_of(CustomUser, "change", user.pk), fields)
    assert office.post(page_of(CustomUser, "change", root.pk), fields).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    new = {"usable_password": "true", "password1": "a wholly new one", "password2": "a wholly new one"}
    assert office.post(password, new).status_code == 403
    chosen = {"action": "deactivate", "_selected_action": [str(root.pk)]}
    office.post(page_of(CustomUser, "changelist"), chosen)
    user.refresh_from_db()
    root.refresh_from_db()
    assert (user.is_staff, user.is_superuser, root.is_active, root.email) == (
        True,
        False,
        True,
        "root@example.com",
    )


def test_invitation_is_sent_from_its_page(in_role, mailoutbox, django_capture_on_commit_callbacks):
    office = in_role("admin")
    with django_capture_on_commit_callbacks(execute=True):
        office.post(reverse("admin:accounts_invitation_add"), {"email": "grace@example.com"})
    assert [mail.to for mail in mailoutbox] == [["grace@example.com"]]


def test_roles_are_brought_back_to_what_they_are(db):
    first = roles_sync()
    Group.objects.get(name="support").permissions.set(Group.objects.get(name="admin").permissions.all())
    assert roles_sync() == first
    support = Group.objects.get(name="support")
    assert support.permissions.count() == first["support"]
    assert not support.permissions.filter(codename="view_content").exists()
    assert Group.objects.filter(name__in=ROLES).count() == 3
