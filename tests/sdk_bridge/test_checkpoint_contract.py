"""What holds on every server for going back: branches, copies and threads that stand where they stood."""

from uuid import UUID, uuid4

import pytest

from sdk_bridge import Bridge, Checkpoint, Conflict, History, Message, Refused, ThreadNotFound
from tests.sdk_bridge.run_requests import saying, stream, tokens_flow


def texts(history: History) -> list[str]:
    return [message.text for message in history.messages]


async def before(bridge: Bridge, thread_id: UUID, message: Message) -> Checkpoint:
    """Find the newest checkpoint that does not hold a message, among the ancestors of the newest."""
    places = {place.id: place for place in await bridge.read_checkpoints(thread_id, limit=50)}
    place = next(iter(places.values()))
    while message.id in [one.id for one in place.messages]:
        assert place.parent_id is not None
        place = places[place.parent_id]
    return place


async def two_turns(bridge: Bridge) -> tuple[UUID, History]:
    thread_id = uuid4()
    for text in ("one", "two"):
        await stream(bridge, text, thread_id=thread_id, message_id=str(uuid4()))
    return thread_id, await bridge.read_history(thread_id)


async def test_a_message_said_at_a_checkpoint_takes_the_place_of_what_came_after(alice: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    place = await before(alice, thread_id, history.messages[2])

    await stream(alice, "three", thread_id=thread_id, checkpoint_id=UUID(place.id))

    assert texts(await alice.read_history(thread_id)) == ["one", "You said one", "three", "You said three"]
    assert history.checkpoint_id is not None
    old = await alice.read_history(thread_id, checkpoint_id=UUID(history.checkpoint_id))
    assert texts(old) == ["one", "You said one", "two", "You said two"]
    assert old.checkpoint_id == history.checkpoint_id


async def test_going_on_at_a_checkpoint_answers_its_message_anew(alice: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    place = await before(alice, thread_id, history.messages[2])

    await stream(alice, thread_id=thread_id, goes_on=True, checkpoint_id=UUID(place.id))

    again = await alice.read_history(thread_id)
    assert texts(again) == texts(history)
    assert again.messages[2].id == history.messages[2].id
    assert again.messages[3].id != history.messages[3].id


async def test_going_on_after_a_failure_says_nothing_twice(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "fail somehow", thread_id=thread_id)
    await stream(alice, thread_id=thread_id, goes_on=True)
    assert texts(await alice.read_history(thread_id)) == ["fail somehow"]


async def test_checkpoints_come_newest_first_and_in_pages(alice: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    places = await alice.read_checkpoints(thread_id, limit=50)

    assert places[0].id == history.checkpoint_id
    assert [one.id for one in places[0].messages] == [message.id for message in history.messages]
    assert [one.role for one in places[0].messages] == ["human", "ai", "human", "ai"]
    assert places[0].created_at is not None
    assert places[-1].parent_id is None
    assert places[-1].messages == ()
    assert {place.parent_id for place in places[:-1]} <= {place.id for place in places}
    first = await alice.read_checkpoints(thread_id, limit=2)
    rest = await alice.read_checkpoints(thread_id, limit=50, before=first[-1].id)
    assert (*first, *rest) == places


async def test_a_checkpoint_of_another_thread_is_told_from_an_empty_one(alice: Bridge) -> None:
    thread_id, _ = await two_turns(alice)
    other_id, other = await two_turns(alice)
    empty = (await alice.read_checkpoints(thread_id, limit=50))[-1]

    assert (await alice.read_history(thread_id, checkpoint_id=UUID(empty.id))).checkpoint_id == empty.id
    assert other.checkpoint_id is not None
    foreign = await alice.read_history(thread_id, checkpoint_id=UUID(other.checkpoint_id))
    assert (foreign.checkpoint_id, foreign.messages) == (None, ())
    assert other_id != thread_id


async def test_a_copy_has_the_same_words_and_a_life_of_its_own(alice: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    copy = await alice.copy_thread(thread_id)

    assert copy.id != thread_id
    assert copy.metadata["owner"] == "alice"
    assert texts(await alice.read_history(copy.id)) == texts(history)
    await stream(alice, "three", thread_id=copy.id)
    assert texts(await alice.read_history(thread_id)) == texts(history)


async def test_a_foreign_thread_is_neither_copied_nor_read_nor_rewound(alice: Bridge, bob: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    assert history.checkpoint_id is not None
    with pytest.raises(ThreadNotFound):
        await bob.copy_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await bob.read_checkpoints(thread_id)
    with pytest.raises((ThreadNotFound, Refused)):
        await bob.rewind_thread(thread_id, UUID(history.checkpoint_id))
    assert texts(await alice.read_history(thread_id)) == texts(history)


async def test_a_rewound_thread_stands_where_it_stood(alice: Bridge, service: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "one", thread_id=thread_id)
    place = (await alice.read_history(thread_id)).checkpoint_id
    await stream(alice, "two", thread_id=thread_id)
    assert place is not None

    await service.rewind_thread(thread_id, UUID(place))

    assert texts(await alice.read_history(thread_id)) == ["one", "You said one"]
    await stream(alice, "three", thread_id=thread_id)
    assert texts(await alice.read_history(thread_id)) == ["one", "You said one", "three", "You said three"]


async def test_a_thread_at_work_is_not_rewound(alice: Bridge, service: Bridge) -> None:
    thread_id, history = await two_turns(alice)
    assert history.checkpoint_id is not None
    run = await alice.start_run(thread_id, saying("be slow"))
    await tokens_flow(alice, thread_id, run.run_id)
    with pytest.raises(Conflict):
        await service.rewind_thread(thread_id, UUID(history.checkpoint_id))
    await alice.cancel_run(thread_id, run.run_id)
