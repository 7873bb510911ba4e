"""Threads keep their owner."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from graphs.access.callers import Caller, Role
from graphs.access.denial import Denial
from graphs.access.threads import change_thread, claim_thread, delete_thread, own_new_thread
from graphs.control_plane import CLIENTS
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import SECRET, ControlPlaneDouble, refusal

ME = "8a881084-78ca-4aa9-a7a3-24e1ae7f7c5e"
THREAD = UUID("01a20469-40cc-764d-a0b3-1579eb4a2aa9")
USER = Caller(role=Role.USER, owner=ME)
STUDIO = Caller(role=Role.STUDIO, owner="studio")
SERVICE = Caller(role=Role.SERVICE, owner="controlplane")


def test_a_new_thread_gets_its_owner():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {"topic": "x"}}

    assert own_new_thread(USER, value) == {"owner": ME}
    assert value["metadata"] == {"topic": "x", "owner": ME}


def test_studio_owns_its_threads_as_studio():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {}}

    assert own_new_thread(STUDIO, value) == {"owner": "studio"}
    assert value["metadata"] == {"owner": "studio"}


def test_the_service_names_the_owner_itself():
    value: dict[str, Any] = {"thread_id": THREAD, "metadata": {"owner": ME}}

    assert own_new_thread(SERVICE, value) is None
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
    for act in (own_new_thread, change_thread):
        given = dict(metadata)
        with pytest.raises(Denial) as denied:
            act(USER, {"thread_id": THREAD, "metadata": given})
        assert denied.value.status_code == status
        assert given == metadata


def test_a_thread_may_be_relabelled():
    value = {"thread_id": THREAD, "metadata": {"topic": "y", "owner": ME}}

    assert change_thread(USER, value) == {"owner": ME}
    assert value["metadata"] == {"topic": "y", "owner": ME}


def test_a_thread_carries_no_session_that_a_copy_would_inherit():
    for act in (own_new_thread, change_thread):
        value = {"thread_id": THREAD, "metadata": {"owner": ME, "session_id": str(THREAD)}}
        act(USER, value)
        assert value["metadata"] == {"owner": ME}


def test_a_copy_arrives_without_metadata():
    value: dict[str, Any] = {"thread_id": THREAD}

    assert own_new_thread(USER, value) == {"owner": ME}


async def test_a_users_new_thread_is_claimed(behind_control_plane: ControlPlaneDouble):
    thread_id = uuid4()
    value: dict[str, Any] = {"thread_id": thread_id, "metadata": {}}

    assert await claim_thread(USER, value) == {"owner": ME}
    assert value["metadata"] == {"owner": ME}
    assert behind_control_plane.claims_of(str(thread_id)) == [{"thread_id": str(thread_id), "user_id": ME}]


async def test_studios_thread_is_claimed_for_nobody(behind_control_plane: ControlPlaneDouble):
    thread_id = uuid4()

    assert await claim_thread(STUDIO, {"thread_id": thread_id}) == {"owner": "studio"}
    assert behind_control_plane.claims_of(str(thread_id)) == [{"thread_id": str(thread_id), "user_id": None}]


async def test_the_services_thread_is_not_claimed(behind_control_plane: ControlPlaneDouble):
    thread_id = uuid4()

    assert await claim_thread(SERVICE, {"thread_id": thread_id}) is None
    assert behind_control_plane.claims_of(str(thread_id)) == []


@pytest.mark.parametrize(("status", "code"), [(404, "thread_not_found"), (410, "thread_deleted")])
async def test_a_refused_claim_is_handed_on(behind_control_plane: ControlPlaneDouble, status: int, code: str):
    thread_id = uuid4()
    behind_control_plane.claim_refusals[str(thread_id)] = refusal(status, code, "Words for users.")

    with pytest.raises(Denial) as denied:
        await claim_thread(USER, {"thread_id": thread_id})

    assert denied.value.status_code == status
    assert json.loads(denied.value.detail) == {"code": code, "message": "Words for users."}


async def test_no_thread_is_made_unasked(configure: Configure, key_file: Path):
    url = "http://127.0.0.1:1"
    configure(CONTROL_PLANE_URL=url, CONTROL_PLANE_SECRET=SECRET, AGENT_JWKS_FILE=str(key_file))

    with pytest.raises(Denial) as denied:
        await claim_thread(USER, {"thread_id": uuid4()})

    await CLIENTS.get().aclose()
    assert denied.value.status_code == 503


def test_a_user_deletes_a_thread_through_the_api():
    with pytest.raises(Denial) as denied:
        delete_thread(USER, {"thread_id": THREAD})

    said = json.loads(denied.value.detail)
    path = f"/api/v1/sessions/{THREAD}/"
    assert (denied.value.status_code, said["code"]) == (403, "delete_through_api")
    assert said["details"] == {"method": "DELETE", "path": path}
    assert path in said["message"]


def test_a_user_prunes_no_threads():
    with pytest.raises(Denial) as denied:
        delete_thread(USER, {"thread_ids": [str(THREAD)]})

    assert json.loads(denied.value.detail)["code"] == "delete_through_api"


@pytest.mark.parametrize(
    ("caller", "value", "expected"),
    [
        pytest.param(STUDIO, {"thread_id": THREAD}, {"owner": "studio"}, id="studio"),
        pytest.param(SERVICE, {"thread_id": THREAD}, None, id="service"),
    ],
)
def test_the_rest_may_be_deleted_here(caller: Caller, value: dict[str, Any], expected: object):
    assert delete_thread(caller, value) == expected


@pytest.mark.parametrize("caller", [pytest.param(USER, id="user"), pytest.param(STUDIO, id="studio")])
def test_a_single_run_is_not_deleted(caller: Caller):
    with pytest.raises(Denial) as denied:
        delete_thread(caller, {"thread_id": THREAD, "run_id": THREAD})

    assert (denied.value.status_code, json.loads(denied.value.detail)["code"]) == (403, "forbidden")


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
