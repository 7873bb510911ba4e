"""Every place that changes limits, keys, roles, templates, tools or models, or deletes, leaves an entry."""

import uuid
from decimal import Decimal

from cryptography.fernet import Fernet
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from controlplane.accounts import services as accounts
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser
from controlplane.accounts.personal_tokens import personal_token_create, personal_token_revoke
from controlplane.accounts.roles import roles_sync
from controlplane.audit.models import AuditEntry
from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_archive, session_change, session_delete
from controlplane.documents.models import UserDocument
from controlplane.documents.services import document_change, document_delete
from controlplane.language_models import services as language_models
from controlplane.language_models.models import AllowedModel
from controlplane.maintenance.rotation import secrets_rotate
from controlplane.preferences.services import group_limits_change, preference_change, user_limits_change
from controlplane.prompts import services as prompts
from controlplane.prompts.reception import prompt_share
from controlplane.provider_keys.services import key_change, key_delete, keys_deactivate
from controlplane.tools.catalogue import (
    available_tool_save,
    available_tools_remove,
    available_tools_switch,
)
from controlplane.tools.grants import user_tool_grant, user_tools_forget
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.usage.services import price_add, prices_withdraw

ACTOR = uuid.UUID("018f0000-0000-7000-8000-000000000001")
SECRET = "Insolvency report"


def told() -> list[tuple]:
    """What was recorded, as (action, actor, whom it concerns, changes)."""
    rows = AuditEntry.objects.order_by("id")
    assert SECRET not in str(list(rows.values_list()))
    return list(rows.values_list("action", "actor_id", "concerns_id", "changes"))


def test_limits_of_a_user(user):
    user_limits_change(user_id=user.pk, limits={"daily_cost_limit": Decimal("2.5")}, actor_id=ACTOR)
    user_limits_change(user_id=user.pk, limits={"daily_cost_limit": Decimal("2.5")}, actor_id=ACTOR)
    assert told() == [("limits.change", ACTOR, user.pk, {"daily_cost_limit": [None, "2.5"]})]


def test_limits_of_a_group(db):
    group = Group.objects.create(name="a")
    group_limits_change(group_id=group.pk, limits={"daily_token_limit": 5}, actor_id=ACTOR)
    assert told() == [("limits.change", ACTOR, None, {"daily_token_limit": [None, 5]})]


def test_preferences_by_somebody_else_alone(user):
    preference_change(user_id=user.pk, changes={"custom_system_prompt": SECRET})
    preference_change(user_id=user.pk, changes={"custom_system_prompt": SECRET}, actor_id=user.pk)
    assert told() == []
    changes = {"custom_system_prompt": "x", "theme": "dark"}
    preference_change(user_id=user.pk, changes=changes, actor_id=ACTOR)
    [(action, actor_id, _, changed)] = told()
    assert (action, actor_id, changed["custom_system_prompt"]) == ("preferences.change", ACTOR, "changed")


def test_own_keys(user, provider, make_key):
    key = make_key(key_name=SECRET)
    key_change(key_id=key.pk, user_id=user.pk, changes={"daily_limit": 9, "key_name": "b"})
    key_change(key_id=key.pk, user_id=user.pk, changes={"api_key": "sk-another-0123456789abcdef"})
    keys_deactivate(key_ids=[key.pk], actor_id=ACTOR)
    key_delete(key_id=key.pk, user_id=user.pk)
    assert told() == [
        ("key.add", user.pk, user.pk, {"exists": [False, True]}),
        ("key.change", user.pk, user.pk, {"key_name": "changed", "daily_limit": [None, 9]}),
        ("key.change", user.pk, user.pk, {"api_key": "changed"}),
        ("key.change", ACTOR, user.pk, {"is_active": [True, False]}),
        ("key.delete", user.pk, user.pk, {"exists": [True, False]}),
    ]


def test_personal_tokens(user):
    first, _ = personal_token_create(owner_id=user.pk, name=SECRET, scopes=["write", "read"])
    second, secret = personal_token_create(owner_id=user.pk, name="b", scopes=["read"])
    personal_token_revoke(token_id=first.pk, owner_id=user.pk)
    personal_token_revoke(token_id=second.pk, owner_id=user.pk, actor_id=ACTOR)
    assert [(action, actor, changes) for action, actor, _, changes in told()] == [
        ("token.add", user.pk, {"exists": [False, True], "scopes": [[], ["read", "write"]]}),
        ("token.add", user.pk, {"exists": [False, True], "scopes": [[], ["read"]]}),
        ("token.revoke", user.pk, {"exists": [True, False]}),
        ("token.revoke", ACTOR, {"exists": [True, False]}),
    ]
    assert secret not in str(AuditEntry.objects.values_list())


def test_accounts_are_switched_off_once(user):
    accounts.user_deactivate(user_id=user.pk, actor_id=ACTOR)
    accounts.user_deactivate(user_id=user.pk, actor_id=ACTOR)
    accounts.user_sign_out_by_other(user_id=user.pk, actor_id=ACTOR)
    assert told() == [
        ("user.change", ACTOR, user.pk, {"is_active": [True, False]}),
        ("user.change", ACTOR, user.pk, {"token_version": "changed"}),
    ]


def test_administrators_that_the_system_makes(db):
    for _ in range(2):
        accounts.first_admin_ensure(email="root@example.com", password="correct horse battery")
        accounts.demo_user_ensure(email="demo@example.com", password="correct horse battery")
    assert [(action, actor) for action, actor, _, _ in told()] == [("user.add", None)] * 2
    CustomUser.objects.filter(email="demo@example.com").update(is_superuser=False)
    accounts.demo_user_ensure(email="demo@example.com", password="correct horse battery")
    assert told()[-1][3] == {"is_superuser": [False, True]}


def test_roles_that_are_brought_back(db):
    roles_sync()
    made = AuditEntry.objects.filter(action="role.change").count()
    roles_sync()
    assert (made, AuditEntry.objects.count()) == (3, 3)
    support = Group.objects.get(name="support")
    support.permissions.add(Permission.objects.get(codename="view_content"))
    call_command("sync_roles", verbosity=0)
    action, actor_id, _, changes = told()[-1]
    before, after = changes["permissions"]
    assert (action, actor_id, set(before) - set(after)) == ("role.change", None, {"accounts.view_content"})


def test_invitations(user, mailoutbox):
    invitation_create(email="grace@example.com", invited_by=user.pk)
    assert told() == [("user.invite", user.pk, None, {"exists": [False, True]})]


def test_templates_of_the_house_and_public_ones(user, stranger):
    boss = stranger.pk
    house = prompts.prompt_create(
        author_id=boss, owner_id=None, settings={"name": SECRET, "content": "a", "is_public": True}
    )
    prompts.prompt_change(prompt_id=house.pk, author_id=boss, changes={"content": SECRET})
    prompts.prompt_make_default(prompt_id=house.pk, actor_id=boss)
    prompt_share(prompt_id=house.pk, sharer_id=None, users=[user.pk], actor_id=boss)
    mine = prompts.prompt_create(author_id=user.pk, owner_id=user.pk, settings={"name": "m", "content": "a"})
    prompts.prompt_change(prompt_id=mine.pk, author_id=user.pk, changes={"content": "b"})
    prompts.prompt_change(prompt_id=mine.pk, author_id=user.pk, changes={"is_public": True})
    prompts.prompt_delete(prompt_id=mine.pk, actor_id=boss)
    assert [(actor, concerns, changes) for _, actor, concerns, changes in told()] == [
        (boss, None, {"exists": [False, True]}),
        (boss, None, {"content": "changed", "version": [1, 2]}),
        (boss, None, {"is_default": [False, True]}),
        (boss, None, {"users": [[], [str(user.pk)]]}),
        (user.pk, user.pk, {"is_public": [False, True]}),
        (boss, user.pk, {"exists": [True, False]}),
    ]


def test_tools(user):
    tool = AvailableTool(tool_name="weather", display_name="Weather")
    available_tool_save(tool=tool, actor_id=ACTOR)
    tool.description, tool.default_rate_limit = "long", 3
    available_tool_save(tool=tool, actor_id=ACTOR)
    available_tool_save(tool=tool, actor_id=ACTOR)
    one = AvailableTool.objects.filter(pk=tool.pk)
    assert available_tools_switch(tools=one, is_active=False, actor_id=ACTOR) == 1
    assert available_tools_switch(tools=one, is_active=False, actor_id=ACTOR) == 0
    user_tool_grant(
        user_id=user.pk,
        available=tool,
        is_enabled=True,
        rate_limit=4,
        rate_limit_period="day",
        actor_id=ACTOR,
    )
    assert user_tools_forget(tools=UserTool.objects.all(), actor_id=ACTOR) == 1
    available_tools_remove(tools=one, actor_id=ACTOR)
    assert not one.exists()
    assert told() == [
        ("tool.change", ACTOR, None, {"exists": [False, True]}),
        ("tool.change", ACTOR, None, {"description": "changed", "default_rate_limit": [None, 3]}),
        ("tool.change", ACTOR, None, {"is_active": [True, False]}),
        (
            "tool.change",
            ACTOR,
            user.pk,
            {"follows_default": [True, False], "rate_limit": [None, 4], "rate_limit_period": ["hour", "day"]},
        ),
        ("tool.change", ACTOR, user.pk, {"follows_default": [False, True]}),
        ("tool.change", ACTOR, None, {"exists": [True, False]}),
    ]


def test_allowed_models(db):
    AllowedModel.objects.all().delete()
    model = language_models.model_add(name="gpt-x", is_active=True, actor_id=ACTOR)
    language_models.model_change(model_id=model.pk, changes={"supports_tools": False}, actor_id=ACTOR)
    language_models.models_deactivate(model_ids=[model.pk], actor_id=ACTOR)
    language_models.models_activate(model_ids=[model.pk], actor_id=ACTOR)
    language_models.models_remove(model_ids=[model.pk], actor_id=ACTOR)
    other = language_models.model_add(name="gpt-y", is_active=False, actor_id=ACTOR)
    language_models.model_set_default(model_id=other.pk, actor_id=ACTOR)
    assert [changes for _, _, _, changes in told()] == [
        {"exists": [False, True]},
        {"supports_tools": [True, False]},
        {"is_active": [True, False]},
        {"is_active": [False, True]},
        {"exists": [True, False]},
        {"exists": [False, True]},
        {"is_default": [False, True], "is_active": [False, True]},
    ]


def test_imported_models_that_become_usable(db):
    call_command("import_models", provider="openai", match="gpt-4o*", verbosity=0)
    assert told() == []
    call_command("import_models", provider="openai", match="gpt-4o-mini", activate=True, verbosity=0)
    assert told() == [("model.change", None, None, {"is_active": [False, True]})]


def test_prices(db):
    price = price_add(model_name="m", input_mtok=Decimal(1), output_mtok=Decimal(2), actor_id=ACTOR)
    assert told()[0][:2] == ("price.change", ACTOR)
    assert told()[0][3]["output_mtok"] == [None, "2"]
    assert prices_withdraw(price_ids=[price.pk], actor_id=ACTOR) == 0
    assert len(told()) == 1


def test_sessions(user):
    session = ChatSession.objects.create(user=user)
    session_change(session_id=session.pk, owner_id=user.pk, changes={"title": "mine"}, actor_id=user.pk)
    assert told() == []
    session_change(session_id=session.pk, owner_id=user.pk, changes={"title": SECRET}, actor_id=ACTOR)
    session_archive(session_id=session.pk, owner_id=user.pk, actor_id=ACTOR)
    session_delete(session_id=session.pk, owner_id=user.pk, actor_id=user.pk)
    assert told() == [
        ("session.change", ACTOR, user.pk, {"title": "changed"}),
        ("session.change", ACTOR, user.pk, {"is_archived": [False, True]}),
        ("session.delete", user.pk, user.pk, {"exists": [True, False]}),
    ]
    assert ChatSession.objects.get().deleted_at is not None


def test_documents(user):
    document = UserDocument.objects.create(user=user, file="none", file_name=SECRET, file_size=1)
    given = {"document_id": document.pk, "owner_id": user.pk, "actor_id": ACTOR}
    document_change(**given, changes={"category": SECRET, "is_active": False})
    document_delete(**given)
    assert told() == [
        ("document.change", ACTOR, user.pk, {"is_active": [True, False], "category": "changed"}),
        ("document.delete", ACTOR, user.pk, {"exists": [True, False]}),
    ]


def test_rotation(user, provider, make_key, settings):
    key = make_key()
    settings.FERNET_KEYS = [Fernet.generate_key().decode(), *settings.FERNET_KEYS]
    for _ in range(2):
        secrets_rotate(progress=lambda _rotation: None)
    key.refresh_from_db()
    noted = {"rows": 1, "last": str(key.pk), "key_version": key.key_version}
    assert told()[1:] == [("secrets.rotate", None, None, noted)]
