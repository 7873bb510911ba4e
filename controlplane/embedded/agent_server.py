"""The LangGraph Agent Server as a part: `langgraph dev` in a folder of its own."""

import sys
from collections.abc import Mapping
from pathlib import Path

from controlplane.embedded.options import HOST, PROJECT_ROOT
from controlplane.embedded.parts import Part
from controlplane.embedded.readiness import http_answers

CONFIGURATION = "langgraph.json"
# The server keeps files in its working folder, so that is not the project.
LINKED = (CONFIGURATION, "graphs")
RUNS_AT_ONCE = 10


def agent_server_part(folder: Path, *, port: int, environment: Mapping[str, str]) -> Part:
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
        environment=environment,
        cwd=folder,
        needs=("postgres",),
        prepare=prepare,
        is_ready=http_answers(port, "/ok"),
    )  # fmt: skip


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    link.symlink_to(target)
