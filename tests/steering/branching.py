"""Scenarios of going back: edit, regenerate, change branches, fork, go on after a stop or an error."""

from tests.steering.stage import Skipped, Stage, humans, ids, text_of


async def edit(stage: Stage) -> None:
    """Say something else in place of a message in the middle; what was said before it stays."""
    thread, lines = await stage.new_thread(), stage.lines
    first = await stage.say(thread, lines.quick)
    second = await stage.say(thread, lines.other)
    edited = second[len(first)]["id"]
    place = await stage.before(thread, edited)

    changed = await stage.say(thread, lines.quick, checkpoint_id=place)

    assert ids(changed)[: len(first)] == ids(first), "what stood before the edited message has changed"
    assert humans(changed) == [lines.quick, lines.quick]
    assert edited not in ids(changed)


async def edit_the_first(stage: Stage) -> None:
    """Say something else in place of the very first message."""
    thread, lines = await stage.new_thread(), stage.lines
    first = await stage.say(thread, lines.quick)
    place = await stage.before(thread, first[0]["id"])

    changed = await stage.say(thread, lines.other, checkpoint_id=place)

    assert humans(changed) == [lines.other]
    assert not set(ids(first)) & set(ids(changed))


async def regenerate(stage: Stage) -> None:
    """Have the last message answered anew: the question stays, message for message, the answer is another."""
    thread, lines = await stage.new_thread(), stage.lines
    first = await stage.say(thread, lines.quick)
    second = await stage.say(thread, lines.other)
    question = len(first)
    place = await stage.before(thread, second[question]["id"])

    again = await stage.go_on(thread, checkpoint_id=place)

    assert ids(again)[: question + 1] == ids(second)[: question + 1], "the question was not kept"
    assert not set(ids(again)[question + 1 :]) & set(ids(second)[question + 1 :]), "the answer is the old one"


async def branches(stage: Stage) -> None:
    """Both branches of an edit stay readable, name the same parent, and the older one can be gone on with."""
    thread, lines = await stage.new_thread(), stage.lines
    first = await stage.say(thread, lines.quick)
    old = await stage.say(thread, lines.other)
    old_leaf, place = await stage.leaf(thread), await stage.before(thread, old[len(first)]["id"])
    new = await stage.say(thread, lines.quick, checkpoint_id=place)

    assert ids(await stage.messages(thread, old_leaf)) == ids(old), "the older branch has changed"
    parents = [(one["parent_checkpoint"] or {}).get("checkpoint_id") for one in await stage.history(thread)]
    assert max(map(parents.count, filter(None, parents))) > 1, "no checkpoint has two children"
    switched = await stage.say(thread, lines.quick, checkpoint_id=old_leaf)
    assert ids(switched)[: len(old)] == ids(old), "it did not go on from the older branch"
    assert not set(ids(new)[len(first) :]) & set(ids(switched)), "the branches are mixed"


async def fork(stage: Stage) -> None:
    """A copy holds the same conversation, and what is said there leaves the original alone."""
    thread, lines = await stage.new_thread(), stage.lines
    original = await stage.say(thread, lines.quick)
    copy = await stage.copy(thread)

    assert copy != thread
    assert await stage.messages(copy) == original
    longer = await stage.say(copy, lines.other)
    assert ids(longer)[: len(original)] == ids(original)
    assert await stage.messages(thread) == original, "the original has changed"


async def fork_from_a_checkpoint(stage: Stage) -> None:
    """A copy keeps the checkpoints' names, so that it can be gone on with from an earlier one."""
    thread, lines = await stage.new_thread(), stage.lines
    first = await stage.say(thread, lines.quick)
    place = await stage.leaf(thread)
    both = await stage.say(thread, lines.other)
    copy = await stage.copy(thread)

    forked = await stage.say(copy, lines.quick, checkpoint_id=place)

    assert ids(forked)[: len(first)] == ids(first)
    assert humans(forked) == [lines.quick, lines.quick]
    assert ids(await stage.messages(thread)) == ids(both), "the original has changed"


async def stop(stage: Stage) -> None:
    """A stopped run ends as interrupted, the question stays, and the thread takes the next message."""
    thread = await stage.new_thread()
    heard = await stage.begin(thread)
    await stage.client.runs.cancel(thread, heard.run_id, wait=True)

    assert await stage.over(thread, heard.run_id) == "interrupted"
    assert humans(await stage.messages(thread)) == [stage.lines.slow]
    messages = await stage.say(thread, stage.lines.quick)
    assert humans(messages) == [stage.lines.slow, stage.lines.quick]


async def go_on_after_an_error(stage: Stage) -> None:
    """A failed run is gone on with from its last checkpoint, without saying anything again."""
    thread = await stage.new_thread()
    said = stage.lines.failing or stage.lines.quick
    # Without a line that fails, the run is given too few steps.
    options = {} if stage.lines.failing else {"config": {"recursion_limit": 1}}
    run = await stage.start(thread, said, **options)
    if await stage.over(thread, run) == "success":
        raise Skipped("this assistant answers within one step, and no failing line was given")

    assert await stage.status(thread, run) == "error"
    messages = await stage.go_on(thread)
    assert humans(messages) == [said]
    assert text_of(messages[-1])
