"""One life of a stack: it takes the data folder, clears up after a killed one, runs, and leaves nothing."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from controlplane.embedded.console import Console
from controlplane.embedded.data_folder import write_private_json
from controlplane.embedded.given_servers import check_given_servers
from controlplane.embedded.leftovers import end_leftovers, remember_children
from controlplane.embedded.options import check_ports
from controlplane.embedded.settings import DEMO_SETTINGS
from controlplane.embedded.stack import Stack
from controlplane.embedded.supervisor import Supervisor

Result = TypeVar("Result")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Under make, one signal to the whole group comes twice: make passes its own on. Nobody asks twice that fast.
ECHO_SECONDS = 0.3


async def run_stack(
    stack: Stack,
    console: Console,
    once_ready: Callable[[], Awaitable[Result]],
    *,
    on_change: Callable[[Mapping[str, int]], None] | None = None,
) -> Result | None:
    """Run a stack until `once_ready` is over, and return its result, or until a signal, and return None.

    A second signal kills. The caller holds the data folder. Raises StackError, with no process left.
    """
    stop = asyncio.Event()
    stopping_since = 0.0
    supervisor: Supervisor | None = None

    def tell_change(pids: Mapping[str, int]) -> None:
        remember_children(stack.folder.children_file, pids)
        if on_change:
            on_change(pids)

    def on_signal() -> None:
        nonlocal stopping_since
        now = asyncio.get_running_loop().time()
        if not stop.is_set():
            console.say("\nstopping; once more to kill")
            stopping_since = now
            stop.set()
        elif supervisor and now - stopping_since > ECHO_SECONDS:
            console.say("killing everything")
            supervisor.kill()

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    for part in await end_leftovers(stack.folder.children_file):
        console.progress(part, "ended what a killed supervisor had left")
    check_ports(stack.options.ports, stack.parts)
    await check_given_servers(stack.given_servers)
    supervisor = Supervisor(stack.work, logs=stack.folder.logs, console=console, on_change=tell_change)
    with _state_written(stack) as tell_ready:

        async def serve() -> Result:
            tell_ready()
            return await once_ready()

        result = await supervisor.run(serve, stop)
    stack.folder.children_file.unlink(missing_ok=True)
    if stop.is_set():
        # The loop takes its handlers along: an echo behind it would kill what has ended well.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return result


def addresses(stack: Stack) -> dict[str, str]:
    """Return where the running parts are found, by a word for each."""
    control_plane, agent_server = stack.settings["CONTROL_PLANE_URL"], stack.settings["LANGGRAPH_URL"]
    found: dict[str, str] = {}
    if "django" in stack.parts:
        found |= {
            "control plane": control_plane,
            "admin": f"{control_plane}/admin/",
            "REST docs": f"{control_plane}/api/v1/docs/",
        }
    if "agent-server" in stack.parts:
        found |= {
            "Agent Server": agent_server,
            "Studio": f"https://smith.langchain.com/studio/?baseUrl={agent_server}",
        }
    if "OPENAI_BASE_URL" in stack.settings:
        found["model server"] = stack.settings["OPENAI_BASE_URL"]
    return found


def demo_environment(stack: Stack) -> dict[str, str]:
    """Return what the terminal demo has to know."""
    names = ("CONTROL_PLANE_URL", "LANGGRAPH_URL", *DEMO_SETTINGS)
    environment = {name: stack.settings[name] for name in names if name in stack.settings}
    if stack.journal_url:
        environment["MODEL_JOURNAL_URL"] = stack.journal_url
    return environment


@contextmanager
def _state_written(stack: Stack) -> Iterator[Callable[[], None]]:
    """Keep the state file for the time of the block; the yielded function says that all parts are ready."""
    state: dict[str, Any] = {"pid": os.getpid(), "is_ready": False, "addresses": addresses(stack)}
    if {"django", "agent-server", "worker"} <= set(stack.parts) and "DEMO_EMAIL" in stack.settings:
        state["demo"] = demo_environment(stack)
    path = stack.folder.state_file
    write_private_json(path, state)
    try:
        yield lambda: write_private_json(path, {**state, "is_ready": True})
    finally:
        path.unlink(missing_ok=True)
