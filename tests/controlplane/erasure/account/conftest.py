"""An account that has one of everything, and the visits in which its deletion is carried out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from controlplane.accounts.models import CustomUser, Invitation
from controlplane.api.models import IdempotentCreation
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.documents.models import UserDocument
from controlplane.erasure.account import job
from controlplane.erasure.account.job import account_erase
from controlplane.preferences.models import UserPreference
from controlplane.provider_keys.models import UserAPIKey
from controlplane.takeout.models import AccountExport
from controlplane.takeout.staging import Staging
from tests.controlplane.documents.files import upload
from tests.controlplane.one_of_each import add_one_of_each_of

Visit = Callable[[], timedelta | None]


@pytest.fixture
def visit(user, agent_server) -> Visit:
    """Pay one visit, as the job does."""
    return lambda: async_to_sync(account_erase)(user_id=user.pk)


@pytest.fixture
def to_the_end(user, visit, no_waiting, compacted) -> Callable[[], None]:
    """Visit until there is nothing to come back for."""

    def go() -> None:
        for _ in range(20):
            if visit() is None:
                return
        raise AssertionError("it does not end")

    return go


@pytest.fixture
def compacted(monkeypatch) -> list[bool]:
    """Leave the cache's file alone; tells how often it was to be written anew."""
    asked: list[bool] = []
    monkeypatch.setattr(job, "compact", lambda: asked.append(True) or True)
    return asked


@pytest.fixture
def full(user, stranger, agent_server) -> CustomUser:
    """The user with one of everything; the stranger has one of everything as well."""
    for owner in (user, stranger):
        ChatSession.objects.filter(pk=add_one_of_each_of(owner).pk).update(title=f"Of {owner.email}")
        UserDocument.objects.filter(user=owner).delete()
        DeletedThread.objects.filter(user=owner).delete()
        upload(owner, f"{owner.email}.txt")
        owner.first_name = f"first-{owner.email}"
        owner.save()
        EmailAddress.objects.create(user=owner, email=owner.email, verified=True)
        SocialAccount.objects.create(user=owner, provider="oidc", uid=owner.email)
        IdempotentCreation.objects.create(user=owner, key=owner.email, operation="o", fingerprint="f")
        UserPreference.objects.filter(user=owner).update(custom_system_prompt=f"For {owner.email}")
        UserAPIKey.objects.filter(user=owner).update(key_name=owner.email)
        Client().force_login(owner)
        LogEntry.objects.create(
            user=owner,
            content_type=ContentType.objects.get_for_model(CustomUser),
            object_id=str(owner.pk),
            object_repr=owner.email,
            action_flag=2,
        )
        key = UserAPIKey.objects.get(user=owner)
        note_in_log(stranger, key, key.key_name)
        note_in_log(stranger, UserPreference.objects.get(user=owner), owner.email)
        invitation = Invitation.objects.create(
            email=owner.email, digest=f"of {owner.pk}", expires_at=timezone.now()
        )
        note_in_log(stranger, invitation, owner.email)
    Staging(AccountExport.objects.get(user=user).pk).file.write_bytes(b"all of it")
    agent_server.leave_item(("users", str(user.pk), "notes"), "k", {"text": "mine"})
    agent_server.leave_item(("users", str(stranger.pk), "notes"), "k2", {"text": "hers"})
    return user


def note_in_log(administrator: CustomUser, row: Model, text: str) -> None:
    """Note a row in the back office's log, as its pages do."""
    LogEntry.objects.create(
        user=administrator,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=text,
        action_flag=2,
    )
