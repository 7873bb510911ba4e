"""Threads keep their owner."""

from typing import Any
from uuid import UUID

import pytest

from graphs.access.callers import Caller, Role
from graphs.access.denial import Denial
from graphs.access.threads import change_thread, claim_thread

ME = "8a881084-78ca-4aa9-a7a3-24e1ae7f7c5e"
THREAD = UUID("01a20469-40cc-764d-a0b3-1579eb4a2aa9")
USER = Caller(role=Role.USER, owner=ME)
STUDIO = Caller(role=Role.STUDIO, owner="studio")
SERVICE = Caller(role=Role.SERVICE, owner="controlplane")


def test_a_new_thread_gets_its_owner():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {"topic": "x"}}

    assert claim_thread(USER, value) == {"owner": ME}
    assert value["metadata"] == {"topic": "x", "owner": ME}


def test_studio_owns_its_threads_as_studio():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {}}

    assert claim_thread(STUDIO, value) == {"owner": "studio"}
    assert value["metadata"] == {"owner": "studio"}


def test_the_service_names_the_owner_itself():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {"owner": ME}}

    assert claim_thread(SERVICE, value) is None
    assert value["metadata"] == {"owner": ME}


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        pytest.param({"owner": "somebody else"}, 403, id="another owner"),
        pytest.param({"owner": None}, 403, id="no owner"),
        pytest.param({"session_id": "another"}, 422, id="another session"),
    ],
)
def test_identity_cannot_be_forged(metadata: dict[str, Any], status: int):
    for act in (claim_thread, change_thread):
        given = dict(metadata)
        with pytest.raises(Denial) as denied:
            act(USER, {"thread_id": THREAD, "metadata": given})
        assert denied.value.status_code == status
        assert given == metadata


def test_a_thread_may_be_relabelled():
    value = {"thread_id": THREAD, "metadata": {"topic": "y", "owner": ME, "session_id": str(THREAD)}}

    assert change_thread(USER, value) == {"owner": ME}


def test_a_run_may_be_cancelled():
    value = {"thread_id": THREAD, "action": "interrupt", "metadata": {"run_ids": [], "status": None}}

    assert change_thread(USER, value) == {"owner": ME}


def test_a_users_state_update_is_refused():
    with pytest.raises(Denial) as denied:
        change_thread(USER, {"thread_id": THREAD})

    assert denied.value.status_code == 403


@pytest.mark.parametrize(
    ("caller", "expected"), [(SERVICE, None), (STUDIO, {"owner": "studio"})], ids=["service", "studio"]
)
def test_others_may_update_the_state(caller: Caller, expected: dict[str, str] | None):
    assert change_thread(caller, {"thread_id": THREAD}) == expected
