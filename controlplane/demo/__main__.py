"""The terminal demo: signs in, streams one chat turn token by token, prints the recorded usage row."""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import httpx

from controlplane.demo.client import (
    AgentAccess,
    ControlPlane,
    DemoFailed,
    reported_usage,
    stream_turn,
)

PROMPT = "In one short sentence, what is a ledger?"
COLUMNS = (
    ("attempt", "id"),
    ("model", "model_name"),
    ("type", "request_type"),
    ("outcome", "outcome"),
    ("prompt tokens", "prompt_tokens"),
    ("completion tokens", "completion_tokens"),
    ("total tokens", "total_tokens"),
    ("estimated", "is_estimated"),
    ("cost in USD", "total_cost"),
    ("response time in ms", "response_time_ms"),
)


@dataclass(frozen=True)
class Turn:
    """What was seen of the answer while it streamed."""

    run_id: str
    chunks: int
    first_chunk_seconds: float
    total_seconds: float


def main() -> int:
    """Run the demo against a system that is up; the addresses and the login come from the environment."""
    parser = argparse.ArgumentParser(prog="threadplane-demo", description=__doc__)
    parser.add_argument("--prompt", default=os.environ.get("DEMO_PROMPT") or PROMPT)
    arguments = parser.parse_args()
    try:
        asyncio.run(_demo(arguments.prompt))
    except DemoFailed as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    return 0


async def _demo(prompt: str) -> None:
    control_plane_url = _setting("CONTROL_PLANE_URL")
    async with httpx.AsyncClient(base_url=control_plane_url, timeout=30) as http:
        control_plane = ControlPlane(http)
        await control_plane.sign_in(_setting("DEMO_EMAIL"), _setting("DEMO_PASSWORD"))
        session_id = await control_plane.create_session("Demo")
        access = await control_plane.agent_access()
        print(f"session {session_id}\ncontrol plane {control_plane_url}   Agent Server {access.url}\n")
        turn = await _show_turn(access, session_id, prompt)
        rows = await control_plane.settled_usage(turn.run_id)
    _show_usage(turn, rows)
    for row in rows:
        await _compare_with_model_server(row)


async def _show_turn(access: AgentAccess, session_id: str, prompt: str) -> Turn:
    print(f"you    {prompt}\nagent  ", end="", flush=True)
    started = time.monotonic()
    arrivals: list[float] = []
    run_id = ""
    async for chunk in stream_turn(access, thread_id=session_id, prompt=prompt):
        run_id = chunk.run_id
        if chunk.text:
            arrivals.append(time.monotonic() - started)
            print(chunk.text, end="", flush=True)
    print("\n")
    if len(arrivals) < 2:  # noqa: PLR2004  # one piece would not be a stream
        raise DemoFailed(f"the answer did not stream: it came in {len(arrivals)} piece(s)")
    return Turn(run_id, len(arrivals), arrivals[0], time.monotonic() - started)


def _show_usage(turn: Turn, rows: list[dict[str, Any]]) -> None:
    print(
        f"{turn.chunks} chunks, the first after {turn.first_chunk_seconds:.2f} s, "
        f"all in {turn.total_seconds:.2f} s"
    )
    for row in rows:
        print(f"\nusage recorded by the control plane for run {turn.run_id}")
        for label, name in COLUMNS:
            value = row[name]
            print(f"  {label:<20} {'no price known' if name == 'total_cost' and value is None else value}")


async def _compare_with_model_server(row: dict[str, Any]) -> None:
    journal_url = os.environ.get("MODEL_JOURNAL_URL")
    if not journal_url:
        return
    reported = await reported_usage(journal_url, row["id"])
    if reported is None:
        raise DemoFailed(f"the model server knows nothing of call {row['id']}")
    expected = (reported["prompt_tokens"], reported["completion_tokens"])
    if expected != (row["prompt_tokens"], row["completion_tokens"]):
        raise DemoFailed(f"the model server reported {expected} tokens, the ledger says otherwise")
    print(f"\nthe model server reported the same: {expected[0]} prompt and {expected[1]} completion tokens")


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise DemoFailed(f"{name} is not set; `make demo` sets it")
    return value


if __name__ == "__main__":
    sys.exit(main())
