"""A run of the service's own: what is sent for it, what its answers mean, and that it is never sent twice."""

import asyncio
from uuid import UUID

import httpx
import pytest

from sdk_bridge import (
    Refused,
    Retryable,
    ServerFailed,
    ServerTimedOut,
    ServerUnreachable,
    ServiceAnswer,
    ServiceRun,
)
from sdk_bridge.memory import MemoryAgentServer
from tests.sdk_bridge.recorded_server import THREAD_ID, TOKEN, RecordedServer, answers, connected
from tests.sdk_bridge.static_identities import ALICE, IDENTITIES, SERVICE

USER_ID = UUID("00000000-0000-4000-8000-00000000000a")
REQUEST = ServiceRun(
    assistant="summarizer", input={"task": "title"}, user_id=USER_ID, source_thread_id=THREAD_ID
)


async def ask(server: RecordedServer, request: ServiceRun = REQUEST, within: float = 5) -> ServiceAnswer:
    async with connected(server) as agent_server:
        return await agent_server.acting_as(TOKEN).run_for_service(request, within=within)


async def test_the_run_has_no_thread_and_is_forgotten_when_it_is_over() -> None:
    server = RecordedServer(answers(200, {"title": "Tea"}))

    assert await ask(server) == ServiceAnswer({"title": "Tea"})

    assert server.calls == [("POST", "/runs/wait")]
    sent = server.body()
    assert sent["input"] == {"task": "title"}
    assert sent["context"] == {"user_id": str(USER_ID), "source_thread_id": str(THREAD_ID)}
    assert (sent["on_completion"], sent["on_disconnect"]) == ("delete", "cancel")


async def test_without_a_source_none_is_named() -> None:
    server = RecordedServer(answers(200, {}))

    await ask(server, ServiceRun(assistant="summarizer", input={}, user_id=USER_ID))

    assert server.body()["context"] == {"user_id": str(USER_ID)}


async def test_a_failure_of_the_run_is_part_of_the_answer() -> None:
    message = '{"message": "Used up.", "details": {"which": "daily_tokens"}}'
    server = RecordedServer(answers(200, {"__error__": {"error": "LimitReached", "message": message}}))

    failure = (await ask(server)).failure

    assert failure is not None
    assert (failure.code, failure.message, failure.retryable) == ("limit_reached", "Used up.", False)
    assert failure.details == {"which": "daily_tokens"}


async def test_what_cannot_be_read_is_the_server_s_fault() -> None:
    with pytest.raises(ServerFailed):
        await ask(RecordedServer(answers(200, ["title"])))


@pytest.mark.parametrize("answer", [httpx.ConnectError("away"), answers(503, {"detail": "busy"})])
async def test_it_is_never_sent_twice(answer: httpx.Response | Exception) -> None:
    server = RecordedServer(answer)

    with pytest.raises(Retryable):
        await ask(server)

    assert len(server.requests) == 1


async def test_the_wait_is_bounded() -> None:
    async def silence(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ServerTimedOut):
        await ask(RecordedServer(silence), within=0.05)


async def test_the_server_in_memory_answers_the_service_alone() -> None:
    async def serve(request: ServiceRun) -> ServiceAnswer:
        return ServiceAnswer({"title": request.input["task"]})

    server = MemoryAgentServer(identify=IDENTITIES.__getitem__, serve=serve)

    assert await server.acting_as(SERVICE).run_for_service(REQUEST, within=1) == ServiceAnswer(
        {"title": "title"}
    )
    with pytest.raises(Refused):
        await server.acting_as(ALICE).run_for_service(REQUEST, within=1)


async def test_the_server_in_memory_ends_the_wait_too() -> None:
    async def serve(_: ServiceRun) -> ServiceAnswer:
        await asyncio.Event().wait()
        raise ServerUnreachable("never")

    server = MemoryAgentServer(identify=IDENTITIES.__getitem__, serve=serve)

    with pytest.raises(ServerTimedOut):
        await server.acting_as(SERVICE).run_for_service(REQUEST, within=0.05)
