"""The record: written with what it tells or not at all, and changed by nobody."""

import uuid

import pytest
import structlog
from django.db import Error, connection, transaction
from django.db.models import ProtectedError

from controlplane.accounts.services import user_deactivate
from controlplane.audit.comparison import differences, state_of
from controlplane.audit.models import Action, AuditEntry
from controlplane.audit.record import entries_add, entry_add
from controlplane.errors import NotFound

ACTOR = uuid.UUID("018f0000-0000-7000-8000-000000000001")


@pytest.fixture
def entry(user) -> AuditEntry:
    entry_add(Action.USER_CHANGE, subject=user, actor_id=ACTOR, concerns_id=user.pk, changes={"a": [1, 2]})
    return AuditEntry.objects.get()


def test_entry_says_who_did_what_to_whom(user):
    with structlog.contextvars.bound_contextvars(request_id="r" * 100):
        entry_add(Action.USER_CHANGE, subject=user, actor_id=ACTOR, concerns_id=user.pk)
    told = AuditEntry.objects.values().get()
    assert None not in {told.pop("at"), told.pop("id")}
    assert told == {
        "actor_id": ACTOR,
        "action": "user.change",
        "subject_type": "accounts.customuser",
        "subject_id": str(user.pk),
        "concerns_id": user.pk,
        "changes": {},
        "request_id": "r" * 64,
    }


def test_one_entry_for_each_of_several(user, stranger):
    subjects = [(user, user.pk), (stranger, None)]
    entries_add(Action.USER_CHANGE, subjects=subjects, actor_id=None, changes={"is_active": [True, False]})
    told = AuditEntry.objects.order_by("id").values_list("subject_id", "concerns_id", "actor_id")
    assert list(told) == [(str(user.pk), user.pk, None), (str(stranger.pk), None, None)]


def test_nothing_is_recorded_of_what_is_undone(user):
    with transaction.atomic():
        user_deactivate(user_id=user.pk, actor_id=ACTOR)
        transaction.set_rollback(True)
    user.refresh_from_db()
    assert (user.is_active, AuditEntry.objects.count()) == (True, 0)


def test_nothing_is_done_where_nothing_can_be_recorded(user):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry ADD CONSTRAINT full_disk CHECK (action = '')")
    with pytest.raises(Error), transaction.atomic():
        user_deactivate(user_id=user.pk, actor_id=ACTOR)
    user.refresh_from_db()
    assert user.is_active


def test_nothing_is_recorded_of_what_did_not_happen(db):
    with pytest.raises(NotFound):
        user_deactivate(user_id=uuid.uuid4(), actor_id=ACTOR)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET actor_id = NULL",
        "DELETE FROM audit_auditentry",
        "ALTER TABLE audit_auditentry ENABLE TRIGGER audit_entry_never_emptied; TRUNCATE audit_auditentry",
    ],
    ids=["update", "delete", "truncate"],
)
def test_nobody_changes_the_record(entry, statement):
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.values_list("actor_id", flat=True).get() == ACTOR


@pytest.mark.parametrize("change", ["save", "delete"])
def test_nor_does_the_program(entry, change):
    entry.actor_id = None
    with pytest.raises((Error, ProtectedError)), transaction.atomic():
        getattr(entry, change)()
    assert AuditEntry.objects.values_list("actor_id", flat=True).get() == ACTOR


def test_entries_outlive_whom_they_concern(entry, user):
    user_id = user.pk
    user.delete()
    assert AuditEntry.objects.about(user_id).get().subject_id == str(user_id)


def test_differences_are_told_but_for_what_is_concealed(user):
    before = state_of(user, ("email", "is_active", "is_staff"))
    user.email, user.is_active = "secret@example.com", False
    after = state_of(user, ("email", "is_active", "is_staff"))
    assert differences(before, after, concealed=("email",)) == {
        "email": "changed",
        "is_active": [True, False],
    }
