"""Who gets at what on a real Agent Server."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError

from graphs.agent.context import AgentContext
from graphs.metering.calls import ModelChoice
from graphs.summarizer.context import SummarizerContext
from tests.graphs.agent_server import AgentServer
from tests.graphs.agent_tokens import Signer
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.graphs.server.wire import code_of, say
from tests.scripted_model import ScriptedModel


async def test_another_users_thread_is_not_found(
    agent_server: AgentServer,
    client: LangGraphClient,
    signer: Signer,
    control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    user_id: UUID,
):
    scripted_model.reply(f"private {user_id}", "Just for you.")
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "agent", input=say(f"private {user_id}"))
    before = await client.threads.get_state(thread_id)
    [run] = await client.runs.list(thread_id)
    stranger = signer.user_token(control_plane.add_user())
    requests = [
        ("GET", f"/threads/{thread_id}", None),
        ("GET", f"/threads/{thread_id}/state", None),
        ("POST", f"/threads/{thread_id}/history", {}),
        ("PATCH", f"/threads/{thread_id}", {"metadata": {"topic": "stolen"}}),
        ("POST", f"/threads/{thread_id}/copy", {}),
        ("DELETE", f"/threads/{thread_id}", None),
        ("GET", f"/threads/{thread_id}/runs/{run['run_id']}", None),
        ("POST", f"/threads/{thread_id}/runs/{run['run_id']}/cancel", None),
        ("DELETE", f"/threads/{thread_id}/runs/{run['run_id']}", None),
        ("POST", f"/threads/{thread_id}/runs/wait", {"assistant_id": "agent", "input": say("hello")}),
        ("POST", f"/threads/{thread_id}/runs/stream", {"assistant_id": "agent", "input": say("hello")}),
    ]

    answers = {
        f"{method} {path}": agent_server.request(method, path, token=stranger, json=body)
        for method, path, body in requests
    }

    statuses = {name: answer.status_code for name, answer in answers.items()}
    unknown = agent_server.request("POST", f"/threads/{uuid4()}/copy", token=stranger, json={})
    assert statuses.pop(f"POST /threads/{thread_id}/copy") == unknown.status_code == 409
    assert statuses.pop(f"DELETE /threads/{thread_id}") == 403
    assert statuses.pop(f"DELETE /threads/{thread_id}/runs/{run['run_id']}") == 403
    assert statuses == dict.fromkeys(statuses, 404)
    assert all("Just for you" not in answer.text for answer in answers.values())
    assert agent_server.request("POST", "/threads/search", token=stranger, json={}).json() == []
    assert await client.threads.get_state(thread_id) == before
    assert len(await client.runs.list(thread_id)) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/runs/wait", {"assistant_id": "agent", "input": {"messages": "x"}}),
        ("POST", "/runs/stream", {"assistant_id": "agent", "input": {"messages": "x"}}),
        ("POST", "/runs/batch", [{"assistant_id": "agent", "input": {"messages": "x"}}]),
        ("POST", "/runs/crons", {"assistant_id": "agent", "schedule": "* * * * *"}),
        ("POST", "/runs/crons/search", {}),
        ("POST", "/assistants", {"graph_id": "agent"}),
        ("PUT", "/store/items", {"namespace": ["usage", "x"], "key": "k", "value": {}}),
        ("POST", "/store/items/search", {"namespace_prefix": ["usage"]}),
        ("POST", "/store/items/search", {"namespace_prefix": []}),
        ("POST", "/store/namespaces", {}),
        ("GET", "/store/items?namespace=usage.x&key=k", None),
    ],
)
async def test_the_services_verbs_are_closed_to_users(
    agent_server: AgentServer, token: str, method: str, path: str, body: Any
):
    answer = agent_server.request(method, path, token=token, json=body)

    assert answer.status_code in (403, 422)
    assert code_of(answer.json()) in ("forbidden", "namespace_not_allowed", "validation_failed")


@pytest.mark.parametrize("path", ["/mcp", "/a2a/agent"])
async def test_other_protocols_are_off(agent_server: AgentServer, token: str, path: str):
    answer = agent_server.request("POST", path, token=token, json={"jsonrpc": "2.0", "id": 1, "method": "x"})

    assert answer.status_code in (404, 405)


async def test_a_users_own_store_works(client: LangGraphClient, user_id: UUID):
    namespace = ["users", str(user_id), "notes"]

    await client.store.put_item(namespace, "k", {"text": "mine"})

    assert (await client.store.get_item(namespace, "k"))["value"] == {"text": "mine"}
    assert (await client.store.list_namespaces(["users", str(user_id)]))["namespaces"] == [namespace]


async def test_the_state_cannot_be_edited_but_labels_can(client: LangGraphClient):
    thread_id = (await client.threads.create(graph_id="agent"))["thread_id"]

    with pytest.raises(APIStatusError) as denied:
        await client.threads.update_state(
            thread_id, {"messages": [{"role": "assistant", "content": "I agree."}]}, as_node="call_model"
        )
    await client.threads.update(thread_id, metadata={"topic": "weather"})

    assert denied.value.status_code == 403
    assert (await client.threads.get(thread_id))["metadata"]["topic"] == "weather"
    assert not (await client.threads.get_state(thread_id))["values"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"Authorization": "Bearer nonsense"}, id="nonsense"),
        pytest.param({"X-Api-Key": "anything"}, id="an API key"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/threads"),
        ("POST", "/threads/search"),
        ("POST", "/runs/wait"),
        ("POST", "/assistants/search"),
    ],
)
async def test_strangers_are_401(agent_server: AgentServer, method: str, path: str, headers: dict[str, str]):
    answer = agent_server.request(method, path, headers=headers, json={"assistant_id": "agent"})

    assert (answer.status_code, code_of(answer.json())) == (401, "unauthorized")


async def test_a_revoked_account_is_401(
    agent_server: AgentServer, signer: Signer, control_plane: ControlPlaneDouble
):
    token = signer.user_token(control_plane.add_user(is_active=False))

    answer = agent_server.request("POST", "/threads", token=token, json={})

    assert (answer.status_code, code_of(answer.json())) == (401, "unauthorized")


async def test_studio_stays_outside_unless_it_is_let_in(agent_server: AgentServer):
    headers = {"x-auth-scheme": "langsmith"}

    answers = [
        agent_server.request("POST", "/threads", headers=headers, json={}),
        agent_server.request("POST", "/threads/search", headers=headers, json={}),
        agent_server.request("POST", "/assistants/search", headers=headers, json={}),
        agent_server.request("POST", "/runs/wait", headers=headers, json={"assistant_id": "agent"}),
        agent_server.request("POST", "/store/namespaces", headers=headers, json={}),
    ]

    assert [(answer.status_code, code_of(answer.json())) for answer in answers] == [
        (403, "studio_not_allowed")
    ] * 5


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8000", True),
        ("https://smith.langchain.com", True),
        ("https://evil.example", False),
        ("null", False),
    ],
)
async def test_only_known_pages_may_call(agent_server: AgentServer, origin: str, allowed: bool):
    answer = agent_server.request(
        "OPTIONS",
        "/threads",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )

    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)


@pytest.mark.parametrize(
    ("graph", "context", "inputs"),
    [
        ("agent", AgentContext, {"messages"}),
        ("summarizer", SummarizerContext, {"messages", "task"}),
    ],
)
async def test_studios_form_describes_every_setting(
    agent_server: AgentServer, token: str, graph: str, context: type[ModelChoice], inputs: set[str]
):
    [assistant] = agent_server.request(
        "POST", "/assistants/search", token=token, json={"graph_id": graph}
    ).json()

    schemas = agent_server.request("GET", f"/assistants/{assistant['assistant_id']}/schemas", token=token)

    fields = schemas.json()["context_schema"]["properties"]
    assert set(fields) == set(context.model_fields)
    assert all(field["description"] for field in fields.values())
    assert set(schemas.json()["input_schema"]["properties"]) == inputs
