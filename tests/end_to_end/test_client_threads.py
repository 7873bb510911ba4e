"""Threads that a client makes with the public SDK are its user's sessions, and nobody else's."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from tests.end_to_end.api import Api
from tests.scripted_model import ScriptedModel

T = TypeVar("T")


def through_the_sdk(api: Api, work: Callable[[LangGraphClient], Awaitable[T]]) -> T:
    """Do something with an SDK client that has only the URL and the user's token."""
    access = api.expect(200, "POST", "auth/agent-token/")
    headers = {"Authorization": f"Bearer {access['token']}"}

    async def connected() -> T:
        async with get_client(url=access["agent_url"], api_key=None, headers=headers) as client:
            return await work(client)

    return asyncio.run(connected())


def listed(api: Api) -> set[str]:
    """Return the ids on the first page of the caller's sessions."""
    return {row["id"] for row in api.expect(200, "GET", "sessions/?limit=100")["results"]}


def test_a_clients_thread_is_a_session_without_any_run(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"client-thread-{uuid.uuid4()}"
    scripted_model.reply(word, "Found again.")
    thread = through_the_sdk(api, lambda client: client.threads.create())
    session = thread["thread_id"]

    assert session in listed(api)
    assert api.expect(200, "GET", f"sessions/{session}/")["id"] == session
    assert api.say(session, word)["message"]["content"] == "Found again."
    copy = through_the_sdk(api, lambda client: client.threads.copy(session))["thread_id"]
    assert api.history(copy) == api.history(session)
    assert api.expect(200, "GET", f"sessions/{copy}/")["id"] == copy


def test_a_copy_of_nothing_is_no_session(api: Api) -> None:
    before = listed(api)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        through_the_sdk(api, lambda client: client.threads.copy(str(uuid.uuid4())))
    assert refused.value.response.status_code == 409
    assert listed(api) == before


def test_a_deleted_thread_stays_deleted_for_its_client(api: Api) -> None:
    session = through_the_sdk(api, lambda client: client.threads.create())["thread_id"]

    async def delete(client: LangGraphClient) -> Any:
        return await client.threads.delete(session)

    async def create(client: LangGraphClient) -> Any:
        return await client.threads.create(thread_id=session, if_exists="do_nothing")

    with pytest.raises(httpx.HTTPStatusError) as refused:
        through_the_sdk(api, delete)
    assert refused.value.response.status_code == 403
    api.expect(204, "DELETE", f"sessions/{session}/")
    with pytest.raises(httpx.HTTPStatusError) as gone:
        through_the_sdk(api, create)
    assert gone.value.response.status_code == 410
    api.refused(410, "GET", f"sessions/{session}/")
