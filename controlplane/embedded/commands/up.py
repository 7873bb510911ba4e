"""`up`: the whole system in the foreground until Ctrl-C."""

import asyncio
from collections.abc import Mapping

from controlplane.embedded.console import Console
from controlplane.embedded.options import Options
from controlplane.embedded.session import addresses, run_stack
from controlplane.embedded.settings import DEMO_EMAIL, without_empty
from controlplane.embedded.stack import Stack, assemble, choose_parts


async def up(environ: Mapping[str, str]) -> int:
    """Run everything, show where it is, and return the exit code."""
    options = Options.read(environ)
    # Everything listens on loopback only, so a developer's Studio may come in without an account.
    chosen = {"DEMO_EMAIL": DEMO_EMAIL, "ALLOW_STUDIO_USER": "true", **without_empty(environ)}
    stack = assemble(options, choose_parts(chosen), chosen)
    console = Console(shows_logs=True, only_trouble=True)

    async def serve() -> None:
        console.say(_table(stack))
        await asyncio.Event().wait()

    with stack.folder.held():
        await run_stack(stack, console, serve)
    return 0


def _table(stack: Stack) -> str:
    rows = [*addresses(stack).items(), ("logs", f"{stack.folder.logs} (warnings are shown here, too)")]
    if stack.settings.get("DEMO_EMAIL") and "migrate" in stack.parts:
        rows.append(("demo login", f"{stack.settings['DEMO_EMAIL']} / {stack.settings['DEMO_PASSWORD']}"))
    width = max(len(label) for label, _ in rows)
    lines = [f"  {label:<{width}}   {value}" for label, value in rows]
    return "\n".join(["", "Threadplane is up.", "", *lines, "", "Ctrl-C stops it.", ""])
