"""MCP servers of the shared stack: registered and asked as in the back office, with a user of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.end_to_end.api import Api
from tests.running_stack import RunningStack

ROOT = Path(__file__).resolve().parents[2]
CALL_SECONDS = 4
PROGRAM = """
import json, sys, uuid, django
django.setup()
from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.models import CustomUser
from controlplane.tools.mcp.discovery import mcp_server_discover
from controlplane.tools.mcp.services import mcp_server_save
from controlplane.tools.models import McpServer
found = {}
for slug, fields in json.loads(sys.argv[1]).items():
    headers = {"Authorization": "Bearer of-" + slug} if fields.get("url") else None
    server = mcp_server_save(server=McpServer(slug=slug, display_name=slug, **fields), headers=headers)
    found[slug] = vars(mcp_server_discover(server_id=server.pk))
user = CustomUser.objects.create_user(f"{uuid.uuid4().hex}@example.com")
print(json.dumps({"found": found, "token": str(issue_refresh_token(user).access_token)}))
"""


@dataclass(frozen=True)
class Registered:
    """What came of asking the servers, and REST as a user who has none of their tools yet."""

    stack: RunningStack
    api: Api
    found: Mapping[str, Mapping[str, Any]]

    def publish(self, *names: str) -> None:
        """Let everybody have these tools, as an administrator does."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"]) as connection:
            connection.execute(
                "UPDATE tools_availabletool SET is_public = true WHERE tool_name = ANY(%s)", (list(names),)
            )

    def take(self, *names: str) -> None:
        """Have them published, and choose them."""
        self.publish(*names)
        for name in names:
            self.api.expect(201, "POST", "user-tools/", json={"tool_name": name})

    def used(self, name: str) -> int:
        """Tell how often the user's tool was counted."""
        tools = self.api.expect(200, "GET", "user-tools/")["results"]
        return next(int(tool["usage_count"]) for tool in tools if tool["tool_name"] == name)

    def outcomes(self, session: str) -> dict[str, str]:
        """Tell how the calls of a session ended, by tool."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
            rows = connection.execute(
                "SELECT tool_name, outcome FROM tools_toolcall WHERE session_id = %s", (session,)
            ).fetchall()
        return {row["tool_name"]: row["outcome"] for row in rows}


def register(stack: RunningStack, servers: Mapping[str, Mapping[str, Any]]) -> Registered:
    """Register servers, ask each, and make a user."""
    environment = {
        **os.environ,
        **stack.environment,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "controlplane.config.settings",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", PROGRAM, json.dumps(servers)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    api = Api(stack.control_plane_url)
    api.http.headers["Authorization"] = f"Bearer {said['token']}"
    return Registered(stack=stack, api=api, found=said["found"])
