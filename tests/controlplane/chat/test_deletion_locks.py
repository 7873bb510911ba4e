"""A deletion takes its locks in the order in which bookings take theirs, so that neither ends the other."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from controlplane.chat.deletion import session_forget
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.runs.ledger import record_commit
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage
from tests.controlplane.runs.agent import record_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(user) -> Run:
    """A run of a deleted session, with a call that nothing was booked for yet."""
    session = ChatSession.objects.create(user=user, deleted_at=timezone.now())
    DeletedThread.objects.create(thread_id=session.pk, user_id=user.pk)
    run = Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    TokenUsage.objects.create(
        id=uuid.uuid4(), user=user, chat_session=session, run=run, state="pending", model_name="gpt-4o"
    )
    return run


@contextmanager
def deletion_that_waits_for_the_session(thread_id: uuid.UUID) -> Iterator[None]:
    """Delete the row meanwhile; the body holds the session's lock, and the deletion waits for it."""
    gone: list[object] = []

    def forget() -> None:
        try:
            gone.append(session_forget(thread_id=thread_id)["chatsession"])
        finally:
            connection.close()

    deletion = threading.Thread(target=forget)
    with transaction.atomic():
        ChatSession.objects.select_for_update(no_key=True).get(pk=thread_id)
        deletion.start()
        _wait_until_somebody_waits()
        yield
    deletion.join(timeout=30)
    assert gone == [1]


def _wait_until_somebody_waits() -> None:
    """Look for another connection that waits for a lock of this one."""
    ours = "pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {ours}"  # noqa: S608  # nothing is given
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while cursor.execute(waiting).fetchone()[0] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_call_is_booked_while_its_session_is_being_deleted(run):
    attempt_id = TokenUsage.objects.get().pk

    with deletion_that_waits_for_the_session(run.thread_id):
        assert record_commit(record_of(run.pk, attempt_id))

    call = TokenUsage.objects.get()
    assert (call.state, call.chat_session_id, call.total_tokens) == ("settled", None, 100)
