"""The command line: `python -m controlplane.embedded COMMAND`."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from dotenv import load_dotenv

from controlplane.embedded.commands.demo import demo
from controlplane.embedded.commands.run import run
from controlplane.embedded.commands.secrets import make_secrets
from controlplane.embedded.commands.status import status
from controlplane.embedded.commands.up import up
from controlplane.embedded.errors import StackError
from controlplane.embedded.options import PROJECT_ROOT

SETTINGS_HELP = """settings, from the shell or from .env: THREADPLANE_DATA (.data),
CONTROL_PLANE_PORT (8000), LANGGRAPH_PORT (8123), POSTGRES_PORT (5433), VALKEY_PORT (6380),
MODEL_PORT (8124); a part whose URL is set is not started: DATABASE_URL with PG_CHECKPOINT_URI
and PGVECTOR_CONNECTION_STRING, REDIS_URL, OPENAI_BASE_URL"""


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code: 0 done, 1 failed, 3 nothing runs, 130 interrupted."""
    chosen = _parser().parse_args(arguments)
    # What the shell says goes before what the file says.
    load_dotenv(os.environ.get("THREADPLANE_ENV_FILE") or PROJECT_ROOT / ".env")
    try:
        return _dispatch(chosen)
    except StackError as error:
        print(f"threadplane: {error}", file=sys.stderr)
        return 1


def _dispatch(chosen: argparse.Namespace) -> int:
    if chosen.command == "up":
        return asyncio.run(up(os.environ))
    if chosen.command == "demo":
        return asyncio.run(demo(os.environ))
    if chosen.command == "status":
        return status(os.environ)
    if chosen.command == "secrets":
        written = make_secrets(chosen.folder)
        print(f"{chosen.folder}: " + (f"made {', '.join(written)}" if written else "nothing was missing"))
        return 0
    return asyncio.run(
        run(os.environ, ready_file=chosen.ready_file, only=chosen.only, without=chosen.without)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controlplane.embedded", epilog=SETTINGS_HELP)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the whole system; Ctrl-C stops it")
    commands.add_parser("demo", help="stream one chat turn in the terminal and show its usage")
    commands.add_parser("status", help="say whether a stack runs, and where")
    secrets_parser = commands.add_parser("secrets", help="make the files that docker-compose.yml needs")
    secrets_parser.add_argument("--folder", type=Path, default=PROJECT_ROOT / "deploy/secrets")
    run_parser = commands.add_parser("run", help="start chosen parts; for tests and operators")
    run_parser.add_argument("--ready-file", type=Path, help="written when all parts are ready; mode 0600")
    run_parser.add_argument("--only", type=_names, default=(), metavar="PART,…")
    run_parser.add_argument("--without", type=_names, default=(), metavar="PART,…")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
