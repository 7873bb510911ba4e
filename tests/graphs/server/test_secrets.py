"""Keys and tokens pass through the Agent Server and stay nowhere."""

import json
from uuid import UUID

import psycopg
from langgraph_sdk.client import LangGraphClient

from tests.graphs.agent_server import AgentServer
from tests.graphs.control_plane_double import WEBHOOK_SECRET, ControlPlaneDouble
from tests.graphs.server.wire import say
from tests.scripted_model import ScriptedModel


async def test_no_secret_reaches_the_database_or_the_log(
    client: LangGraphClient,
    agent_server: AgentServer,
    control_plane: ControlPlaneDouble,
    checkpoint_uri: str,
    scripted_model: ScriptedModel,
    token: str,
    user_id: UUID,
):
    scripted_model.reply(f"secretive {user_id}", "Done.")
    scripted_model.fail(f"leaky {user_id}", 401, f"Incorrect API key provided: {control_plane.api_key}")
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "agent", input=say(f"secretive {user_id}"))
    run = await client.runs.create(thread["thread_id"], "agent", input=say(f"leaky {user_id}"))
    await client.runs.join(thread["thread_id"], run["run_id"])

    secrets = [control_plane.api_key, *control_plane.secrets, WEBHOOK_SECRET, token]
    stored = _everything_in(checkpoint_uri)
    log = agent_server.output()
    assert f"secretive {user_id}".encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored
        assert secret not in log


def _everything_in(address: str) -> bytes:
    found = b""
    with psycopg.connect(address) as connection:
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():  # noqa: S608  # its own name
                found += b" ".join(
                    bytes(value)
                    if isinstance(value, bytes | memoryview)
                    else json.dumps(value, default=str).encode()
                    for value in row
                )
    return found
