"""What holds for threads on every server."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from sdk_bridge import AgentServer, Bridge, Conflict, Message, Refused, ThreadNotFound, Token
from tests.sdk_bridge.run_requests import stream


async def test_created_thread_is_found_by_its_owner(alice: Bridge) -> None:
    thread_id = uuid4()
    created = await alice.create_thread(thread_id, metadata={"session": "s"})
    found = await alice.get_thread(thread_id)
    assert (created.id, created.graph_id, created.status) == (thread_id, "agent", "idle")
    assert found.metadata == created.metadata
    assert (found.metadata["session"], found.metadata["owner"]) == ("s", "alice")


async def test_creating_a_thread_twice_changes_nothing(alice: Bridge) -> None:
    thread_id = uuid4()
    first = await alice.create_thread(thread_id, metadata={"n": 1})
    second = await alice.create_thread(thread_id, metadata={"n": 2})
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert second.metadata["n"] == 1


async def test_taken_id_is_a_conflict_and_stays_with_its_owner(alice: Bridge, bob: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(Conflict):
        await bob.create_thread(thread_id)
    assert (await alice.get_thread(thread_id)).metadata["owner"] == "alice"


async def test_foreign_thread_is_not_found(alice: Bridge, bob: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await bob.get_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await bob.read_history(thread_id)


async def test_foreign_thread_survives_a_deletion(alice: Bridge, bob: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    await bob.delete_thread(thread_id)
    assert (await alice.get_thread(thread_id)).id == thread_id


async def test_service_sees_every_thread(alice: Bridge, service: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    assert (await service.get_thread(thread_id)).metadata["owner"] == "alice"


async def test_threads_are_listed_by_owner_and_by_id_the_oldest_first(
    alice: Bridge, bob: Bridge, service: Bridge
) -> None:
    owner_id, *thread_ids = (uuid4() for _ in range(4))
    for thread_id in thread_ids:
        await service.restore_thread(thread_id, owner_id=owner_id)
    await alice.create_thread(hers := uuid4())

    async def ids(bridge: Bridge, **which: Any) -> list[UUID]:
        return [thread.id for thread in await bridge.list_threads(**which)]

    assert await ids(service, owner_id=owner_id) == thread_ids
    assert await ids(service, owner_id=owner_id, limit=2) == thread_ids[:2]
    assert await ids(service, owner_id=owner_id, limit=2, offset=2) == thread_ids[2:]
    assert await ids(service, thread_ids=[hers, uuid4(), thread_ids[0]]) == [thread_ids[0], hers]
    assert await ids(service, thread_ids=[]) == []
    assert await ids(bob, thread_ids=[hers]) == []
    assert await ids(alice, owner_id=owner_id) == []


async def test_listed_thread_says_whose_it_is_and_what_it_does(service: Bridge) -> None:
    owner_id, thread_id = uuid4(), uuid4()
    await service.restore_thread(thread_id, owner_id=owner_id)
    (listed,) = await service.list_threads(thread_ids=[thread_id])
    assert listed == await service.get_thread(thread_id)
    assert (listed.metadata["owner"], listed.graph_id, listed.status) == (str(owner_id), "agent", "idle")


async def test_unknown_token_is_refused(agent_server: AgentServer) -> None:
    with pytest.raises(Refused) as caught:
        await agent_server.acting_as("nobody-token").create_thread(uuid4())
    assert caught.value.message == "unknown token"


async def test_missing_thread_is_not_found(alice: Bridge) -> None:
    with pytest.raises(ThreadNotFound):
        await alice.get_thread(uuid4())


async def test_deleted_thread_is_gone_and_deleting_it_again_is_harmless(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "hello", thread_id=thread_id)
    await alice.delete_thread(thread_id)
    await alice.delete_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await alice.get_thread(thread_id)


async def test_deletion_takes_the_history_along(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "hello", thread_id=thread_id)
    await alice.delete_thread(thread_id)
    await alice.restore_thread(thread_id)
    assert (await alice.read_history(thread_id)).messages == ()


async def test_new_thread_has_an_empty_history(alice: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    history = await alice.read_history(thread_id)
    assert (history.messages, history.total, history.first_index) == ((), 0, 0)
    assert not history.has_earlier


async def test_history_holds_tool_calls_and_results(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "use the tool", thread_id=thread_id)
    human, call, result, answer = (await alice.read_history(thread_id)).messages
    assert (human.role, human.text) == ("human", "use the tool")
    assert [(c.id, c.name, dict(c.arguments)) for c in call.tool_calls] == [
        ("call-1", "lookup", {"query": "answer"})
    ]
    assert result == Message("result-of-call-1", "tool", "42", tool_call_id="call-1", name="lookup")
    assert (answer.role, answer.text) == ("ai", "The tool said 42.")


@pytest.mark.parametrize(
    ("limit", "before", "texts", "first_index"),
    [
        pytest.param(2, None, ["42", "The tool said 42."], 2, id="newest"),
        pytest.param(2, 2, ["use the tool", ""], 0, id="page-before"),
        pytest.param(3, 2, ["use the tool", ""], 0, id="short-first-page"),
        pytest.param(9, 99, ["use the tool", "", "42", "The tool said 42."], 0, id="before-past-the-end"),
        pytest.param(2, 0, [], 0, id="before-the-first"),
    ],
)
async def test_history_pages_from_its_end(
    alice: Bridge, limit: int, before: int | None, texts: list[str], first_index: int
) -> None:
    thread_id = uuid4()
    await stream(alice, "use the tool", thread_id=thread_id)
    page = await alice.read_history(thread_id, limit=limit, before=before)
    assert [message.text for message in page.messages] == texts
    assert (page.first_index, page.total, page.has_earlier) == (first_index, 4, first_index > 0)
    assert page.checkpoint_id


async def test_history_is_read_at_an_earlier_checkpoint(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "first", thread_id=thread_id)
    earlier = await alice.read_history(thread_id)
    await stream(alice, "second", thread_id=thread_id)
    assert earlier.checkpoint_id is not None
    again = await alice.read_history(thread_id, checkpoint_id=UUID(earlier.checkpoint_id))
    assert (again.messages, again.checkpoint_id) == (earlier.messages, earlier.checkpoint_id)
    assert (await alice.read_history(thread_id)).total == 4


async def test_checkpoint_of_another_thread_has_an_empty_history(alice: Bridge) -> None:
    thread_id, other_id = uuid4(), uuid4()
    for each in (thread_id, other_id):
        await stream(alice, "hello", thread_id=each)
    checkpoint_id = (await alice.read_history(other_id)).checkpoint_id
    assert checkpoint_id is not None
    for unknown in (UUID(checkpoint_id), uuid4()):
        assert (await alice.read_history(thread_id, checkpoint_id=unknown)).messages == ()


async def test_message_with_the_same_id_replaces(alice: Bridge) -> None:
    thread_id, message_id = uuid4(), str(uuid4())
    await stream(alice, "first", thread_id=thread_id, message_id=message_id)
    await stream(alice, "second", thread_id=thread_id, message_id=message_id)
    humans = [m for m in (await alice.read_history(thread_id)).messages if m.role == "human"]
    assert [(m.id, m.text) for m in humans] == [(message_id, "second")]


async def test_server_says_what_it_is_and_that_it_lives(alice: Bridge) -> None:
    assert await alice.is_alive()
    assert (await alice.server_info()).version


async def test_tokens_are_nowhere_in_the_bridges_repr(alice: Bridge) -> None:
    assert "alice-token" not in repr(alice)
    assert Token("m", "t") == Token("m", "t", event_id="1")
