"""`demo`: the terminal client on a running stack, or on one that lives as long as the demo."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any

from controlplane.embedded.console import Console
from controlplane.embedded.data_folder import DataFolder
from controlplane.embedded.errors import AlreadyRunning, StackError
from controlplane.embedded.options import PROJECT_ROOT, Options
from controlplane.embedded.session import demo_environment, run_stack
from controlplane.embedded.settings import DEMO_EMAIL, system_basics, without_empty
from controlplane.embedded.stack import assemble, choose_parts

INTERRUPTED = 130
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.2
TELLING_LOGS = ("agent-server", "django", "worker", "model")
SHOWN_LINES = 15


async def demo(environ: Mapping[str, str]) -> int:
    """Run the client and return its exit code; what was started for it is stopped, and only that."""
    folder = DataFolder(Options.read(environ).data)
    try:
        code = await _on_own_stack(environ)
    except AlreadyRunning:
        state = await _running_stack(folder)
        code = await _run_client(state["demo"], environ)
    if code not in {0, INTERRUPTED}:
        _show_logs(folder)
    return code


async def _on_own_stack(environ: Mapping[str, str]) -> int:
    chosen = {"DEMO_EMAIL": DEMO_EMAIL, **without_empty(environ)}
    stack = assemble(Options.read(environ), choose_parts(chosen), chosen)

    async def play() -> int:
        print(flush=True)
        return await _run_client(demo_environment(stack), environ)

    with stack.folder.held():
        print("starting the system for the demo; it is stopped afterwards", flush=True)
        code = await run_stack(stack, Console(shows_logs=False), play)
    return INTERRUPTED if code is None else code


async def _running_stack(folder: DataFolder) -> dict[str, Any]:
    """Return the state of the stack that somebody else runs, once it is ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while folder.is_held() and time.monotonic() < deadline:  # another process' state
        state = folder.read_state()
        if state.get("is_ready") and "demo" not in state:
            raise StackError(f"the stack on {folder.root} has no demo user or not every part: stop it first")
        if state.get("is_ready"):
            return state
        await asyncio.sleep(POLL_SECONDS)
    raise StackError(f"the stack on {folder.root} did not become ready")


async def _run_client(settings: Mapping[str, str], environ: Mapping[str, str]) -> int:
    wishes = {name: environ[name] for name in ("DEMO_PROMPT", "TERM", "COLUMNS") if environ.get(name)}
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controlplane.demo",
        env={**system_basics(environ), **wishes, **settings}, cwd=PROJECT_ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        return await client.wait()
    finally:
        if client.returncode is None:
            client.terminate()
            await client.wait()


def _show_logs(folder: DataFolder) -> None:
    for part in TELLING_LOGS:
        path = folder.logs / f"{part}.log"
        if path.exists():
            lines = path.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
            print(f"\n--- the end of {path}", *lines, sep="\n", file=sys.stderr)
