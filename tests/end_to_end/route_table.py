"""Every route of the Agent Server as it is configured here, documented or not, read from its own table."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.graphs.agent_server import QUIET, ROOT

# Stands in for the web server that `langgraph dev` starts: shows the routes instead of serving them.
SHOW_ROUTES = """
import json, sys
import uvicorn
from starlette.routing import Mount, WebSocketRoute

def each(routes, prefix=""):
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from each(route.routes, prefix + route.path)
        elif isinstance(route, Mount):
            yield f"MOUNT {prefix}{route.path}"
        elif isinstance(route, WebSocketRoute):
            yield f"WEBSOCKET {prefix}{route.path}"
        else:
            for method in (route.methods or {"ANY"}) - {"HEAD"}:
                yield f"{method} {prefix}{route.path}"

def show(*_, **__):
    from langgraph_api.server import app
    open("routes.json", "w").write(json.dumps(sorted(each(app.routes))))

uvicorn.run = show
from langgraph_cli.cli import cli
sys.argv = ["langgraph", "dev", "--no-browser", "--no-reload", "--host", "127.0.0.1"]
cli()
"""


def route_table(folder: Path) -> set[str]:
    """Return the routes as method and path; WebSockets and mounted applications are called by those names."""
    for name in ("graphs", "langgraph.json"):
        (folder / name).symlink_to(ROOT / name)
    settings = {"LG_WEBHOOK_SECRET": "unused", "PG_CHECKPOINT_URI": "postgresql://nowhere/none"}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-c", SHOW_ROUTES],
        cwd=folder,
        env={**inherited, **QUIET, **settings, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return set(json.loads((folder / "routes.json").read_text()))
