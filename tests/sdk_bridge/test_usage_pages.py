"""Usage records come page by page, and one that cannot be read does not hide the others."""

import json
import logging
from uuid import UUID

import httpx
import pytest

from tests.sdk_bridge.recorded_server import NOW, RUN_ID, TOKEN, RecordedServer, answers, connected


def record(number: int, **changes: object) -> dict[str, object]:
    value = {
        "attempt_id": str(UUID(int=number)), "run_id": str(RUN_ID), "provider": "openai", "model": "m",
        "node": "call_model", "request_type": "chat", "outcome": "finished", "input_tokens": 1,
        "output_tokens": 2, "cached_tokens": 0, "reasoning_tokens": 0, "is_estimated": False,
        "duration_ms": 3, "ended_at": NOW, **changes,
    }  # fmt: skip
    return {"namespace": ["usage", str(RUN_ID)], "key": value["attempt_id"], "value": value}


def paging(items: list[dict[str, object]]) -> RecordedServer:
    async def page(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        return answers(200, {"items": items[asked["offset"] : asked["offset"] + asked["limit"]]})

    return RecordedServer(page)


@pytest.mark.parametrize(
    ("count", "pages"),
    [
        pytest.param(0, 1, id="none"),
        pytest.param(199, 1, id="short-page"),
        pytest.param(200, 2, id="full-page"),
        pytest.param(450, 3, id="several-pages"),
        pytest.param(10_050, 50, id="more-than-the-bound"),
    ],
)
async def test_records_are_read_to_the_end_or_the_bound(count: int, pages: int) -> None:
    server = paging([record(number) for number in range(count)])
    async with connected(server) as agent_server:
        records = await agent_server.acting_as(TOKEN).list_usage_records(RUN_ID)
    assert [one.attempt_id.int for one in records] == list(range(min(count, 10_000)))
    assert len(server.requests) == pages


async def test_record_that_comes_twice_counts_once() -> None:
    server = paging([*(record(number) for number in range(200)), record(199)])
    async with connected(server) as agent_server:
        records = await agent_server.acting_as(TOKEN).list_usage_records(RUN_ID)
    assert len(records) == 200


async def test_unreadable_record_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    server = paging([record(1), record(2, input_tokens="many")])
    with caplog.at_level(logging.ERROR, logger="sdk_bridge"):
        async with connected(server) as agent_server:
            records = await agent_server.acting_as(TOKEN).list_usage_records(RUN_ID)
    assert [one.attempt_id.int for one in records] == [1]
    assert [entry.message for entry in caplog.records] == ["unreadable usage record"]
