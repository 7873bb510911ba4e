"""Measures a thread of 600 turns on servers of its own, and writes the figures down."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.graphs.agent_server import AgentServer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.threads_at_length.measure import TURNS, Figures, measure
from tests.threads_at_length.report import table_of, write_report

SETTINGS = {
    "OPENAI_API_KEY": "sk-scripted",
    "LG_WEBHOOK_SECRET": "scripted",
    "CHECKPOINT_PRUNE_AFTER_SECONDS": "86400",
}


def main() -> int:
    """Run it all; returns 1 when the thread weighs too much or answers too slowly."""
    given = argparse.ArgumentParser(prog="make threads", description=__doc__)
    given.add_argument("--turns", type=int, default=TURNS)
    given.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    wanted = given.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="threadplane-threads-"))
    folder.chmod(0o755)  # the database's own user has to get through
    stack = RunningStack.start(folder / "data", only=("postgres",))
    try:
        figures = _on_a_server(folder, stack.environment["PG_CHECKPOINT_URI"], wanted.turns)
    finally:
        stack.stop()
        shutil.rmtree(folder)
    sys.stdout.write(f"{table_of(figures)}\n")
    if wanted.write:
        write_report(figures)
    return 0 if figures.is_good else 1


def _on_a_server(folder: Path, uri: str, turns: int) -> Figures:
    with ExitStack() as ends:
        model = ScriptedModel.start(folder / "model")
        ends.callback(model.stop)
        settings = {**SETTINGS, "PG_CHECKPOINT_URI": uri, "OPENAI_BASE_URL": model.url}
        server = AgentServer.start(folder / "server", settings)
        ends.callback(server.stop)
        return asyncio.run(_measured(server, uri, model, turns))


async def _measured(server: AgentServer, uri: str, model: ScriptedModel, turns: int) -> Figures:
    async with server.client() as client:
        return await measure(client, uri, model, words="at length", turns=turns)


if __name__ == "__main__":
    sys.exit(main())
