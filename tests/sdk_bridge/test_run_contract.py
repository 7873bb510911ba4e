"""What holds for runs on every server."""

import asyncio
from uuid import uuid4

import pytest

from sdk_bridge import (
    Bridge,
    Conflict,
    InvalidRequest,
    LimitReached,
    Refused,
    RunFailed,
    RunNotFound,
    ThreadNotFound,
)
from tests.sdk_bridge.run_requests import saying, stream, tokens_flow


async def test_background_run_ends_in_success(alice: Bridge) -> None:
    thread_id = uuid4()
    handle = await alice.start_run(thread_id, saying("hello", metadata={"note": "n"}))
    run = await alice.wait_for_run(thread_id, handle.run_id)
    assert (handle.status, handle.thread_id) == ("pending", thread_id)
    assert (run.run_id, run.status, run.is_over, run.failure) == (handle.run_id, "success", True, None)
    assert run.metadata["note"] == "n"
    assert [m.text for m in (await alice.read_history(thread_id)).messages] == ["hello", "You said hello"]


async def test_waiting_for_a_failed_run_tells_why(alice: Bridge) -> None:
    thread_id = uuid4()
    handle = await alice.start_run(thread_id, saying("fail without a model"))
    expected = RunFailed("model_unreachable", "The model could not be reached.", retryable=True)
    for _ in ("while it runs", "when it is over"):
        run = await alice.wait_for_run(thread_id, handle.run_id)
        assert (run.status, run.failure) == ("error", expected)
    assert (await alice.get_run(thread_id, handle.run_id)).failure is None


async def test_runs_are_listed_newest_first_in_pages(alice: Bridge) -> None:
    thread_id = uuid4()
    handles = [
        await alice.start_run(thread_id, saying(text, multitask_strategy="enqueue"))
        for text in ("one", "two", "three")
    ]
    started = [handle.run_id for handle in handles]
    await alice.wait_for_run(thread_id, started[-1])
    pages = [await alice.list_runs(thread_id, limit=2, offset=offset) for offset in (0, 2)]
    assert [[run.run_id for run in page] for page in pages] == [started[:0:-1], started[:1]]


async def test_foreign_run_is_not_found_and_goes_on(alice: Bridge, bob: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("be slow"))).run_id
    with pytest.raises(RunNotFound):
        await bob.get_run(thread_id, run_id)
    with pytest.raises(RunNotFound):
        await bob.wait_for_run(thread_id, run_id)
    with pytest.raises(RunNotFound):
        await bob.cancel_run(thread_id, run_id)
    with pytest.raises(ThreadNotFound):
        await bob.list_runs(thread_id)
    with pytest.raises(RunNotFound):
        await anext(bob.join_run(thread_id, run_id))
    assert not (await alice.get_run(thread_id, run_id)).is_over
    await alice.cancel_run(thread_id, run_id)


async def test_run_on_a_foreign_thread_is_not_started(alice: Bridge, bob: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(ThreadNotFound):
        await bob.start_run(thread_id, saying("hello"))
    with pytest.raises(ThreadNotFound):
        await stream(bob, "hello", thread_id=thread_id)
    assert await alice.list_runs(thread_id) == ()
    assert (await alice.read_history(thread_id)).messages == ()


async def test_missing_thread_is_made_only_on_demand(alice: Bridge) -> None:
    thread_id = uuid4()
    with pytest.raises(ThreadNotFound):
        await alice.start_run(thread_id, saying("hello", if_not_exists="reject"))
    with pytest.raises(ThreadNotFound):
        await alice.get_thread(thread_id)


async def test_missing_run_is_not_found(alice: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(RunNotFound):
        await alice.get_run(thread_id, uuid4())
    with pytest.raises(RunNotFound):
        await alice.cancel_run(thread_id, uuid4())


async def test_unknown_assistant_is_an_invalid_request(alice: Bridge) -> None:
    with pytest.raises(InvalidRequest):
        await alice.start_run(uuid4(), saying("hello", assistant="nobody"))


async def test_refused_admission_starts_nothing(alice: Bridge) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(LimitReached) as caught:
        await alice.start_run(thread_id, saying("hello", model="refuse:limit"))
    assert caught.value.details["resets_at"] == "2026-01-03T00:00:00Z"
    assert await alice.list_runs(thread_id) == ()


async def test_cancelled_run_is_interrupted_and_keeps_the_question(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("be slow"))).run_id
    await tokens_flow(alice, thread_id, run_id)
    await alice.cancel_run(thread_id, run_id)
    assert (await alice.get_run(thread_id, run_id)).status == "interrupted"
    assert [m.text for m in (await alice.read_history(thread_id)).messages] == ["be slow"]


async def test_cancelling_a_run_that_is_over_changes_nothing(alice: Bridge) -> None:
    thread_id = uuid4()
    handle = await alice.start_run(thread_id, saying("hello"))
    await alice.wait_for_run(thread_id, handle.run_id)
    await alice.cancel_run(thread_id, handle.run_id)
    assert (await alice.get_run(thread_id, handle.run_id)).status == "success"


async def test_rolled_back_run_leaves_nothing(alice: Bridge) -> None:
    thread_id = uuid4()
    await stream(alice, "hello", thread_id=thread_id)
    run_id = (await alice.start_run(thread_id, saying("be slow"))).run_id
    await tokens_flow(alice, thread_id, run_id)
    await alice.cancel_run(thread_id, run_id, rollback=True)
    with pytest.raises(RunNotFound):
        await alice.get_run(thread_id, run_id)
    assert [m.text for m in (await alice.read_history(thread_id)).messages] == ["hello", "You said hello"]


async def test_second_run_is_rejected_while_one_is_live(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("be slow"))).run_id
    with pytest.raises(Conflict):
        await alice.start_run(thread_id, saying("hello"))
    assert [run.run_id for run in await alice.list_runs(thread_id)] == [run_id]
    await alice.cancel_run(thread_id, run_id)


async def test_interrupting_run_takes_the_place_of_the_live_one(alice: Bridge) -> None:
    thread_id = uuid4()
    first = (await alice.start_run(thread_id, saying("be slow"))).run_id
    await tokens_flow(alice, thread_id, first)
    second = (await alice.start_run(thread_id, saying("hello", multitask_strategy="interrupt"))).run_id
    assert (await alice.wait_for_run(thread_id, second)).status == "success"
    assert (await alice.get_run(thread_id, first)).status == "interrupted"


async def test_enqueued_run_waits_its_turn(alice: Bridge) -> None:
    thread_id = uuid4()
    await alice.start_run(thread_id, saying("one"))
    second = (await alice.start_run(thread_id, saying("two", multitask_strategy="enqueue"))).run_id
    await alice.wait_for_run(thread_id, second)
    texts = [m.text for m in (await alice.read_history(thread_id)).messages]
    assert texts == ["one", "You said one", "two", "You said two"]


async def test_waiters_do_not_hinder_each_other(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("hello"))).run_id
    runs = await asyncio.gather(*(alice.wait_for_run(thread_id, run_id) for _ in range(3)))
    assert [run.status for run in runs] == ["success"] * 3


async def test_usage_records_are_read_and_deleted_by_the_service(alice: Bridge, service: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("hello"))).run_id
    await alice.wait_for_run(thread_id, run_id)
    (record,) = await service.list_usage_records(run_id)
    assert (record.run_id, record.provider, record.model, record.node) == (
        run_id,
        "scripted",
        "parrot",
        "call_model",
    )
    assert (record.input_tokens, record.output_tokens, record.is_estimated) == (7, 3, False)
    assert record.ended_at.isoformat() == "2026-01-02T03:04:05+00:00"
    recorded = await service.list_recorded_runs(limit=1000)
    assert run_id in recorded
    assert await service.list_recorded_runs(limit=1, offset=recorded.index(run_id)) == (run_id,)
    for _ in ("once", "twice"):
        await service.delete_usage_record(run_id, record.attempt_id)
    assert await service.list_usage_records(run_id) == ()


async def test_users_may_not_touch_usage_records(alice: Bridge, service: Bridge) -> None:
    thread_id = uuid4()
    run_id = (await alice.start_run(thread_id, saying("hello"))).run_id
    await alice.wait_for_run(thread_id, run_id)
    (record,) = await service.list_usage_records(run_id)
    with pytest.raises(Refused):
        await alice.list_usage_records(run_id)
    with pytest.raises(Refused):
        await alice.list_recorded_runs()
    with pytest.raises(Refused):
        await alice.delete_usage_record(run_id, record.attempt_id)
    assert await service.list_usage_records(run_id) == (record,)
