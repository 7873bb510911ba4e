"""Shorthand for what tests send to the Agent Server and read back from it."""

import asyncio
import json
import time
from typing import Any

from langgraph_sdk.client import LangGraphClient


def say(text: str) -> dict[str, Any]:
    """A run's input with one human message."""
    return {"messages": [{"role": "user", "content": text}]}


async def records_of(service: LangGraphClient, run_id: str) -> list[dict[str, Any]]:
    """The usage records of a run."""
    found = await service.store.search_items(("usage", run_id))
    return [item["value"] for item in found["items"]]


async def wait_for_record(service: LangGraphClient, run_id: str) -> dict[str, Any]:
    """The first record of a run, once it is there."""
    deadline = time.monotonic() + 10
    while not (records := await records_of(service, run_id)):
        assert time.monotonic() < deadline, "no record appeared"
        await asyncio.sleep(0.05)
    return records[0]


def code_of(body: dict[str, str]) -> str:
    """The code within a refusal."""
    return json.loads(body["detail"])["code"]
