"""The LangGraph Agent Server as a part: `langgraph dev` in a folder of its own."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from controlplane.embedded.options import HOST, PROJECT_ROOT, Ports
from controlplane.embedded.parts import Part
from controlplane.embedded.readiness import http_answers

CONFIGURATION = "langgraph.json"
# The server keeps files in its working folder, so that is not the project.
LINKED = (CONFIGURATION, "graphs")
RUNS_AT_ONCE = 10


def agent_server_part(
    folder: Path, *, port: int, control_plane_port: int, environment: Mapping[str, str]
) -> Part:
    """Describe the Agent Server that works in `folder`, which holds links to the project's graphs."""

    async def prepare() -> None:
        for name in LINKED:
            _link(folder / name, PROJECT_ROOT / name)

    return Part(
        name="agent-server",
        command=(
            sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--host", HOST,
            "--port", str(port), "--n-jobs-per-worker", str(RUNS_AT_ONCE), "--config", CONFIGURATION,
        ),
        environment={**_allowed_origins(control_plane_port), **environment},
        cwd=folder,
        needs=("postgres",),
        prepare=prepare,
        is_ready=http_answers(port, "/ok"),
    )  # fmt: skip


def _allowed_origins(control_plane_port: int) -> dict[str, str]:
    """Say that pages of the control plane may call the server, where it is not on its usual port."""
    if control_plane_port == Ports.control_plane:
        return {}
    cors = json.loads((PROJECT_ROOT / CONFIGURATION).read_text())["http"]["cors"]
    usual, actual = f":{Ports.control_plane}", f":{control_plane_port}"
    origins = [origin.replace(usual, actual) for origin in cors["allow_origins"]]
    return {"CORS_CONFIG": json.dumps({**cors, "allow_origins": origins})}


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    link.symlink_to(target)
