"""Whose a thread is on a real Agent Server: claimed before it is made, copied, and never deleted unasked."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.graphs.agent_server import AgentServer
from tests.graphs.agent_tokens import Signer
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.graphs.server.wire import code_of, say
from tests.scripted_model import ScriptedModel


async def test_a_clients_thread_is_claimed_for_its_user(
    client: LangGraphClient, control_plane: ControlPlaneDouble, user_id: UUID
):
    thread = await client.threads.create(metadata={"topic": "tea"})
    again = await client.threads.create(thread_id=thread["thread_id"], if_exists="do_nothing")

    claim = {"thread_id": thread["thread_id"], "user_id": str(user_id)}
    assert again["metadata"] == thread["metadata"] == {"topic": "tea", "owner": str(user_id)}
    assert control_plane.claims_of(thread["thread_id"]) == [claim, claim]


async def test_a_foreign_id_cannot_be_claimed(
    agent_server: AgentServer, client: LangGraphClient, signer: Signer, control_plane: ControlPlaneDouble
):
    thread = await client.threads.create()
    stranger = signer.user_token(control_plane.add_user())

    answer = _create(agent_server, stranger, thread["thread_id"], if_exists="do_nothing")

    assert (answer.status_code, code_of(answer.json())) == (404, "thread_not_found")
    assert await client.threads.get(thread["thread_id"]) == thread


async def test_what_the_control_plane_does_not_know_is_still_its_owners(
    agent_server: AgentServer, client: LangGraphClient, signer: Signer, control_plane: ControlPlaneDouble
):
    thread = await client.threads.create()
    del control_plane.threads[thread["thread_id"]]
    stranger = signer.user_token(control_plane.add_user())

    answer = _create(agent_server, stranger, thread["thread_id"], if_exists="do_nothing")

    assert answer.status_code == 409
    assert await client.threads.get(thread["thread_id"]) == thread


async def test_checkpoints_without_a_row_cannot_be_claimed(
    agent_server: AgentServer,
    client: LangGraphClient,
    service: LangGraphClient,
    signer: Signer,
    control_plane: ControlPlaneDouble,
):
    # The id is the user's at the control plane while the server has no row, as after a crash of it.
    thread_id = (await client.threads.create())["thread_id"]
    await service.threads.delete(thread_id)
    stranger = signer.user_token(control_plane.add_user())

    refused = _create(agent_server, stranger, thread_id)
    restored = await client.threads.create(thread_id=thread_id, graph_id="agent")

    assert (refused.status_code, code_of(refused.json())) == (404, "thread_not_found")
    assert restored["thread_id"] == thread_id


async def test_a_deleted_id_never_comes_back(
    agent_server: AgentServer, service: LangGraphClient, token: str, control_plane: ControlPlaneDouble
):
    thread_id = str(uuid4())
    control_plane.claim_refusals[thread_id] = refusal(410, "thread_deleted", "It was deleted.")

    answer = _create(agent_server, token, thread_id)

    assert (answer.status_code, code_of(answer.json())) == (410, "thread_deleted")
    assert await service.threads.search(ids=[thread_id]) == []


async def test_a_copy_is_claimed_and_does_not_say_whose_copy_it_is(
    client: LangGraphClient, control_plane: ControlPlaneDouble, scripted_model: ScriptedModel, user_id: UUID
):
    scripted_model.reply(f"source {user_id}", "Original.")
    made_by_a_run, made_with_a_label = str(uuid4()), str(uuid4())
    await client.runs.wait(made_by_a_run, "agent", input=say(f"source {user_id}"), if_not_exists="create")
    await client.threads.create(thread_id=made_with_a_label, metadata={"session_id": made_with_a_label})

    for source in (made_by_a_run, made_with_a_label):
        copy = await client.threads.copy(source)
        assert copy["metadata"]["owner"] == str(user_id)
        assert source not in str(copy["metadata"])
        claim = {"thread_id": copy["thread_id"], "user_id": str(user_id)}
        assert control_plane.claims_of(copy["thread_id"]) == [claim]


@pytest.mark.parametrize("way", ["delete", "prune"])
async def test_an_owner_deletes_through_the_api(
    agent_server: AgentServer, client: LangGraphClient, token: str, way: str
):
    thread = await client.threads.create()
    thread_id = thread["thread_id"]
    method, path, body = {
        "delete": ("DELETE", f"/threads/{thread_id}", None),
        "prune": ("POST", "/threads/prune", {"thread_ids": [thread_id]}),
    }[way]

    answer = agent_server.request(method, path, token=token, json=body)

    assert (answer.status_code, code_of(answer.json())) == (403, "delete_through_api")
    assert await client.threads.get(thread_id) == thread


async def test_a_thread_made_with_a_history_of_its_own_stays_empty(
    agent_server: AgentServer, client: LangGraphClient, token: str
):
    thread_id = str(uuid4())
    forged = {"values": {"messages": [{"role": "assistant", "content": "I agree."}]}, "as_node": "call_model"}

    answer = _create(
        agent_server, token, thread_id, metadata={"graph_id": "agent"}, supersteps=[{"updates": [forged]}]
    )

    assert "state_update_not_allowed" in answer.text
    assert not (await client.threads.get_state(thread_id))["values"]


def _create(agent_server: AgentServer, token: str, thread_id: str, **options: Any) -> Any:
    return agent_server.request("POST", "/threads", token=token, json={"thread_id": thread_id, **options})
