"""The back office on the record: what is changed there leaves an entry, and reading others' words does."""

import uuid
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.accounts.roles import roles_sync
from controlplane.audit.models import Action, AuditEntry
from controlplane.audit.record import entry_add
from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from controlplane.language_models.models import AllowedModel
from controlplane.preferences.models import UserPreference
from controlplane.prompts.models import SystemPromptTemplate
from controlplane.provider_keys.models import UserAPIKey
from controlplane.tools.models import AvailableTool, McpServer, UserTool
from controlplane.usage.models import ModelPrice
from tests.controlplane.admin.test_pages import page_of
from tests.controlplane.one_of_each import add_one_of_each_of

SCHEMA = '{"type": "object"}'
LATER = timezone.now() + timezone.timedelta(days=9)
MCP = {"display_name": "B", "transport": "streamable_http", "call_timeout_seconds": 9, "url": "https://a.b"}
# What is posted to make, to change and to delete a row: a page that is not here has to say why below.
FORMS = {
    "auth.Group": ({"name": "New"}, {"name": "Renamed"}, True),
    "accounts.CustomUser": (
        {"email": "new@example.com", "usable_password": "false"},
        {"email": "one@example.com", "first_name": "Ada", "is_active": "on"},
        False,
    ),
    "usage.UsageGrant": ({"term": "day", "messages": "5", "tokens": "0", "cost": "0"}, None, False),
    "accounts.Invitation": ({"email": "guest@example.com"}, None, False),
    "preferences.UserPreference": (
        None,
        {"daily_message_limit": "3", "theme": "dark", "multitask_strategy": "reject"},
        False,
    ),
    "prompts.SystemPromptTemplate": (
        {"name": "New", "slug": "new", "content": "Teach.", "category": "general"},
        {"name": "Renamed", "slug": "renamed", "content": "Teach.", "category": "general"},
        True,
    ),
    "tools.AvailableTool": (
        {"tool_name": "fresh", "display_name": "A", "category": "general", "config_schema": SCHEMA},
        {"display_name": "B", "category": "general", "config_schema": SCHEMA},
        True,
    ),
    "tools.McpServer": ({"slug": "fresh", **MCP, "headers": '{"X-Key": "k"}'}, MCP, True),
    "tools.UserTool": (None, {"is_enabled": "", "rate_limit": "3", "rate_limit_period": "day"}, False),
    "language_models.AllowedModel": (
        {"name": "gpt-new", "price_source": "none"},
        {"price_source": "none", "supports_vision": "on"},
        True,
    ),
    "usage.ModelPrice": (
        {"model_name": "m", "input_mtok": "1", "output_mtok": "2", "valid_from_0": "2030-01-01",
         "valid_from_1": "00:00"},
        None,
        True,
    ),
    "chat.ChatSession": (None, {"title": "Other", "tags": "[]", "enable_summarization": "unknown"}, False),
    "documents.UserDocument": (None, {"category": "Other", "tags": "[]"}, True),
}  # fmt: skip
UNRECORDED = {"feedback.MessageFeedback": "a review names its reviewer and its time in its own row"}
INLINES = [f"{a}-{b}_FORMS" for a in ("limits", "tools", "versions") for b in ("TOTAL", "INITIAL")]
FILLED_IN = {"default_rate_limit_period": "hour", **dict.fromkeys(INLINES, "0")}


@pytest.fixture
def boss(make_user) -> CustomUser:
    return make_user("boss@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def office(boss) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(boss)
    return client


@pytest.fixture
def session(make_user) -> ChatSession:
    """Something of everything, of a user, and of the house."""
    made = add_one_of_each_of(make_user("one@example.com"))
    Group.objects.create(name="Some")
    McpServer.objects.create(slug="old", display_name="Old", url="https://old.example.com/mcp")
    tool = AvailableTool.objects.create(tool_name="weather", display_name="Weather")
    UserTool.objects.update(available_tool=tool, tool_display_name="Weather")
    AllowedModel.objects.create(name="gpt-old", price_source="none")
    ModelPrice.objects.create(
        model_name="old", input_mtok=Decimal(1), output_mtok=Decimal(2), valid_from=LATER
    )
    return made


def row_of(model):
    rows = model._default_manager.order_by("-pk")
    if model is CustomUser:
        return rows.get(email="one@example.com")
    if model is UserPreference:
        return rows.get(user__email="one@example.com")
    return rows.exclude(is_default=True).first() if model is SystemPromptTemplate else rows.first()


def entries_since(count: int) -> list[AuditEntry]:
    return list(AuditEntry.objects.order_by("id")[count:])


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("step", ["add", "change", "delete"])
def test_what_is_changed_here_is_on_the_record(office, boss, session, rf, mailoutbox, model, step):
    rf_request = rf.get("/")
    rf_request.user = boss
    page, row = admin.site._registry[model], row_of(model)
    allowed = {
        "add": page.has_add_permission(rf_request),
        "change": row is not None and page.has_change_permission(rf_request, row),
        "delete": row is not None and page.has_delete_permission(rf_request, row),
    }[step]
    label = model._meta.label
    if not allowed or label in UNRECORDED:
        assert (
            label in UNRECORDED
            or label not in FORMS
            or not FORMS[label][["add", "change", "delete"].index(step)]
        )
        return
    if label == "tools.UserTool" and step == "add":
        form = {"user": str(boss.pk), "available_tool": str(AvailableTool.objects.first().pk),
                "is_enabled": "on", "rate_limit_period": "day"}  # fmt: skip
    elif step == "delete":
        form = {"post": "yes"}
    else:
        form = {**FILLED_IN, **FORMS[label][step == "change"]}
    if label == "usage.UsageGrant":
        form["user"] = str(boss.pk)
    before = AuditEntry.objects.count()
    address = page_of(model, step) if step == "add" else page_of(model, step, row.pk)
    answer = office.post(address, form)
    assert answer.status_code == 302, [
        (f.name, f.errors) for f in answer.context["adminform"].form if f.errors
    ]
    made = [entry for entry in entries_since(before) if entry.action != Action.CONTENT_READ]
    assert made, f"{label}: {step} left no entry"
    assert {entry.actor_id for entry in made} == {boss.pk}


def test_rights_are_told_before_and_after(office, boss, make_user):
    user = make_user("ada@example.com")
    group = Group.objects.create(name="Some")
    fields = {"email": user.email, "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    office.post(page_of(CustomUser, "change", user.pk), fields)
    entry = AuditEntry.objects.get(concerns_id=user.pk)
    assert (entry.action, entry.actor_id) == ("role.change", boss.pk)
    assert entry.changes == {"is_staff": [False, True], "groups": [[], [group.pk]]}


def test_password_that_is_set_for_somebody(office, boss, make_user):
    user = make_user("ada@example.com")
    new = {"usable_password": "true", "password1": "a wholly new one", "password2": "a wholly new one"}
    office.post(reverse("admin:auth_user_password_change", args=[user.pk]), {**new, "password2": "other"})
    assert not AuditEntry.objects.exists()
    office.post(reverse("admin:auth_user_password_change", args=[user.pk]), new)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.changes) == (
        "user.change",
        boss.pk,
        {"password": "changed"},
    )


def test_groups_that_are_deleted_together(office):
    chosen = [Group.objects.create(name=name).pk for name in "ab"]
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    office.post(page_of(Group, "changelist"), form)
    told = AuditEntry.objects.filter(action="role.change", changes={"exists": [True, False]})
    assert sorted(map(int, told.values_list("subject_id", flat=True))) == sorted(chosen)


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (UserDocument, "switch_off"),
        (ChatSession, "archive"),
        (CustomUser, "deactivate"),
        (CustomUser, "sign_out_everywhere"),
        (AvailableTool, "switch_off"),
    ],
)
def test_actions_are_on_the_record(office, boss, session, model, action):
    before = AuditEntry.objects.count()
    form = {"action": action, "_selected_action": [str(row_of(model).pk)]}
    office.post(page_of(model, "changelist"), form)
    assert [entry.actor_id for entry in entries_since(before)] == [boss.pk]


def test_reading_what_others_wrote_is_recorded(office, boss, session):
    AuditEntry.objects.count()
    before = AuditEntry.objects.count()
    office.get(page_of(ChatSession, "change", session.pk))
    [entry] = entries_since(before)
    assert (entry.action, entry.actor_id, entry.concerns_id) == ("content.read", boss.pk, session.user_id)
    assert (entry.subject_type, entry.subject_id) == ("chat.chatsession", str(session.pk))
    assert entry.request_id


def test_reading_one_s_own_and_the_house_s_is_not(office, boss, session):
    own = ChatSession.objects.create(user=boss)
    house = SystemPromptTemplate.objects.filter(owner=None).first()
    before = AuditEntry.objects.count()
    office.get(page_of(ChatSession, "change", own.pk))
    office.get(page_of(SystemPromptTemplate, "change", house.pk))
    office.get(page_of(ChatSession, "change", uuid.uuid4()))
    assert entries_since(before) == []


def test_who_sees_no_content_reads_none(make_user, session):
    roles_sync()
    member = make_user("support@example.com", is_staff=True)
    member.groups.add(Group.objects.get(name="support"))
    client = Client()
    client.force_login(member)
    before = AuditEntry.objects.count()
    assert client.get(page_of(ChatSession, "change", session.pk)).status_code == 200
    assert entries_since(before) == []


@pytest.mark.parametrize("role", ["support", "analyst"])
def test_record_is_for_administrators(make_user, session, role):
    roles_sync()
    member = make_user(f"{role}@example.com", is_staff=True)
    member.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(member)
    entry = AuditEntry.objects.first()
    for page in (page_of(AuditEntry, "changelist"), page_of(AuditEntry, "change", entry.pk)):
        answer = client.get(page)
        assert answer.status_code == 403
        assert str(entry.pk) not in answer.text


def test_record_is_only_shown(office, session):
    entry = AuditEntry.objects.first()
    before = list(AuditEntry.objects.order_by("id").values())
    for step, arguments in (("add", ()), ("change", (entry.pk,)), ("delete", (entry.pk,))):
        assert office.post(page_of(AuditEntry, step, *arguments), {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [str(entry.pk)], "post": "yes"}
    office.post(page_of(AuditEntry, "changelist"), form)
    assert list(AuditEntry.objects.order_by("id").values()) == before


def test_record_is_searched_by_ids(office, boss, user, stranger):
    for one in (user, stranger):
        entry_add(
            Action.USER_CHANGE, subject=one, actor_id=boss.pk, concerns_id=one.pk, changes={"a": [1, 2]}
        )
    found = office.get(page_of(AuditEntry, "changelist"), {"q": str(user.pk)}).text
    assert str(user.pk) in found
    assert str(stranger.pk) not in found
    for nothing in ("tea", str(uuid.uuid4())):
        assert str(user.pk) not in office.get(page_of(AuditEntry, "changelist"), {"q": nothing}).text
    by_actor = office.get(page_of(AuditEntry, "changelist"), {"q": str(boss.pk)}).text
    assert str(stranger.pk) in by_actor
    filtered = office.get(page_of(AuditEntry, "changelist"), {"action__exact": "key.add"}).text
    assert str(stranger.pk) not in filtered


def test_entry_leads_to_whom_and_what(office, boss, session):
    key = UserAPIKey.objects.get()
    entry_add(Action.KEY_ADD, subject=key, actor_id=boss.pk)
    entry = AuditEntry.objects.get(action="key.add")
    page = office.get(page_of(AuditEntry, "change", entry.pk)).text
    for address in (
        page_of(CustomUser, "change", entry.actor_id),
        reverse("admin:provider_keys_userapikey_change", args=[entry.subject_id]),
    ):
        assert f'href="{address}"' in page


def test_list_costs_the_same_for_many_entries(office, user):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert office.get(page_of(AuditEntry, "changelist")).status_code == 200
        return len(asked)

    entry_add(Action.USER_CHANGE, subject=user, actor_id=user.pk)
    few = queries()
    for _ in range(10):
        entry_add(Action.USER_CHANGE, subject=user, actor_id=user.pk, concerns_id=user.pk)
    assert queries() == few
