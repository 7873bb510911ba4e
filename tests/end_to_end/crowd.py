"""A client process that does one thing many times at once, for tests of limits.

`python -m tests.end_to_end.crowd` reads a job as JSON from its standard input, says
"ready", waits for a line, then sends everything together and writes what came of it as JSON.
"""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
from langgraph_sdk import get_client

PATIENCE = 110.0
Outcome = dict[str, Any]


class Crowd:
    """A process that is ready to send its requests."""

    def __init__(self, job: dict[str, Any]) -> None:
        command = [sys.executable, "-m", "tests.end_to_end.crowd"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._write, self._read = self._process.stdin, self._process.stdout
        self._write.write(json.dumps(job) + "\n")
        self._write.flush()
        assert self._read.readline() == "ready\n"

    def go(self) -> None:
        """Let it send everything."""
        self._write.write("go\n")
        self._write.flush()

    def outcomes(self) -> list[Outcome]:
        """Wait for what came of it."""
        with self._process as process:
            told = self._read.read()
        assert process.returncode == 0
        outcomes: list[Outcome] = json.loads(told)
        return outcomes


def at_once(jobs: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Let a process for each job send everything at the same time."""
    crowds = [Crowd(job) for job in jobs]
    for crowd in crowds:
        crowd.go()
    return [outcome for crowd in crowds for outcome in crowd.outcomes()]


async def say_over_rest(job: dict[str, Any]) -> list[Outcome]:
    """Say the same on each session and wait for the answers."""
    headers = {"Authorization": f"Bearer {job['token']}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=job["url"], headers=headers, timeout=PATIENCE, limits=limits
    ) as http:

        async def say(session: str) -> Outcome:
            answer = await http.post(f"sessions/{session}/messages/", json={"message": job["text"]})
            return _outcome(answer)

        return await asyncio.gather(*map(say, job["sessions"]))


async def say_over_sdk(job: dict[str, Any]) -> list[Outcome]:
    """Say the same on new threads and wait for the answers."""
    headers = {"Authorization": f"Bearer {job['token']}"}
    async with get_client(url=job["url"], api_key=None, headers=headers, timeout=PATIENCE) as sdk:

        async def say() -> Outcome:
            turn = {"messages": [{"role": "user", "content": job["text"]}]}
            try:
                await sdk.runs.wait(str(uuid.uuid4()), "agent", input=turn, if_not_exists="create")
            # What waiting for a run meets is passed on as it comes.
            except httpx.HTTPStatusError as error:
                told = json.loads(error.response.json()["detail"])
                return {"status": error.response.status_code, "error": told}
            return {"status": 200, "error": None}

        return await asyncio.gather(*(say() for _ in range(job["count"])))


async def ask_for_calls(job: dict[str, Any]) -> list[Outcome]:
    """Ask for several calls of each run, all together, as the graphs' nodes do."""
    headers = {"X-Threadplane-Secret": job["secret"]}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=job["url"], headers=headers, timeout=PATIENCE, limits=limits
    ) as http:

        async def ask(call: dict[str, Any]) -> Outcome:
            return _outcome(await http.post(f"internal/runs/{call['run_id']}/calls/", json=call["body"]))

        return await asyncio.gather(*map(ask, job["calls"]))


JOBS = {"rest": say_over_rest, "sdk": say_over_sdk, "calls": ask_for_calls}


def _outcome(answer: httpx.Response) -> Outcome:
    error = None if answer.is_success else answer.json()["error"]
    return {"status": answer.status_code, "error": error, "headers": dict(answer.headers)}


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(asyncio.run(JOBS[job["kind"]](job))))


if __name__ == "__main__":
    main()
