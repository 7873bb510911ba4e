"""`run`: chosen parts under the same supervisor, for tests and operators."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from controlplane.embedded.console import Console
from controlplane.embedded.data_folder import write_private_json
from controlplane.embedded.options import Options
from controlplane.embedded.session import run_stack
from controlplane.embedded.stack import assemble, choose_parts


async def run(
    environ: Mapping[str, str],
    *,
    ready_file: Path | None = None,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> int:
    """Run parts until a signal and return the exit code.

    The ready file appears when all parts are ready, holds their settings and pids, follows restarts, and goes
    with the stack.
    """
    stack = assemble(Options.read(environ), choose_parts(environ, only=only, without=without), environ)
    console = Console(shows_logs=True)
    pids: dict[str, int] = {}
    is_ready = asyncio.Event()

    def tell() -> None:
        if ready_file and is_ready.is_set():
            write_private_json(ready_file, {"environment": dict(stack.settings), "pids": pids})

    def on_change(changed: Mapping[str, int]) -> None:
        pids.update(changed)
        tell()

    async def serve() -> None:
        is_ready.set()
        tell()
        console.say(f"ready: {', '.join(stack.parts) or 'nothing to run'}")
        await asyncio.Event().wait()

    with stack.folder.held(), _forgotten_afterwards(ready_file):
        await run_stack(stack, console, serve, on_change=on_change)
    return 0


@contextmanager
def _forgotten_afterwards(ready_file: Path | None) -> Iterator[None]:
    try:
        yield
    finally:
        if ready_file:
            ready_file.unlink(missing_ok=True)
