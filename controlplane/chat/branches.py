"""Reads a thread's tree of checkpoints: what precedes a message, and which versions of it there are."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from controlplane.errors import NotFound
from sdk_bridge import Bridge, Checkpoint, History, MessageId

# The server sends the messages of each checkpoint whole.
PAGE: Final = 20
MOST_CHECKPOINTS: Final = 200


@dataclass(frozen=True)
class Version:
    """One version of a message, and the newest checkpoint of its branch."""

    message_id: str
    checkpoint_id: str


@dataclass(frozen=True)
class Origin:
    """What precedes a message, None where that was not found, and its versions where there are several."""

    checkpoint_id: str | None
    versions: tuple[Version, ...] = ()


@dataclass
class Course:
    """What was said up to a message, the newest checkpoint that holds it, and what was said then."""

    newest: str = ""
    following: "dict[str, Course]" = field(default_factory=dict)


class Tree:
    """The checkpoints of a thread that were read, newest first."""

    def __init__(self, *, leaf: str, is_whole: bool = False) -> None:
        """Begin with nothing read; `leaf` is where the conversation is looked at from."""
        self.leaf = leaf
        self.is_whole = is_whole
        self.places: dict[str, Checkpoint] = {}

    def add(self, page: Sequence[Checkpoint]) -> None:
        """Add a page of older ones."""
        self.places.update((place.id, place) for place in page)

    def all_before(self) -> dict[str, str]:
        """For the messages at the leaf, the nearest ancestor that does not hold them, where it was read."""
        found: dict[str, str] = {}
        place = self.places.get(self.leaf)
        held = set() if place is None else {one.id for one in place.messages}
        while place is not None:
            here = {one.id for one in place.messages}
            found.update(dict.fromkeys(held - here, place.id))
            held &= here
            place = self.places.get(place.parent_id or "")
        return found

    def versions(self) -> "Course":
        """Lay all conversations that were read over each other."""
        start = Course()
        for place in self.places.values():
            course = start
            for one in place.messages:
                course = course.following.setdefault(one.id, Course(place.id))
        return start


async def read_tree(bridge: Bridge, history: History) -> Tree:
    """Read the newest checkpoints of the thread of a history, as many as are allowed. Raises BridgeError."""
    tree = Tree(leaf=history.checkpoint_id or "")
    if not tree.leaf:
        return Tree(leaf="", is_whole=True)
    while len(tree.places) < MOST_CHECKPOINTS and not tree.is_whole:
        await _read_on(bridge, history.thread_id, tree)
    return tree


async def find_turn(bridge: Bridge, history: History, *, message_id: str) -> uuid.UUID:
    """Find the checkpoint at which the turn of a message began: gone on with, the turn is answered anew.

    Raises NotFound `message_not_found` for one that is not in the conversation, `checkpoint_not_found` where
    the turn lies too far back, and BridgeError.
    """
    tree = Tree(leaf=history.checkpoint_id or "")
    while tree.leaf and len(tree.places) < MOST_CHECKPOINTS and not tree.is_whole:
        await _read_on(bridge, history.thread_id, tree)
        if tree.leaf in tree.places:
            question = _question(tree.places[tree.leaf].messages, message_id)
            place = tree.all_before().get(question)
            if place is not None:
                return uuid.UUID(place)
    if tree.leaf in tree.places:
        raise NotFound("The turn lies too far back. Name its checkpoint.", code="checkpoint_not_found")
    raise NotFound("There is no such message in this conversation.", code="message_not_found")


def origins(history: History, tree: Tree) -> dict[str, Origin]:
    """Say of each message of a page what precedes it and which versions there are, by the message's id."""
    leaf = tree.places.get(tree.leaf)
    if leaf is None:
        return {}
    shown = {message.id for message in history.messages}
    before, course = tree.all_before(), tree.versions()
    found = {}
    for one in leaf.messages:
        if one.id in shown:
            found[one.id] = Origin(before.get(one.id), _versions(course, current=one.id, leaf=tree.leaf))
        course = course.following[one.id]
    return found


def _versions(course: Course, *, current: str, leaf: str) -> tuple[Version, ...]:
    if set(course.following) == {current}:
        return ()
    # Found newest first; the one that is looked at goes on to where it is looked at from.
    oldest_first = reversed(course.following.items())
    return tuple(Version(name, leaf if name == current else then.newest) for name, then in oldest_first)


def _question(messages: Sequence[MessageId], message_id: str) -> str:
    """Find what the user had said where a message stands."""
    asked = ""
    for one in messages:
        if one.role == "human":
            asked = one.id
        if one.id == message_id and asked:
            return asked
    raise NotFound("There is no such message in this conversation.", code="message_not_found")


async def _read_on(bridge: Bridge, thread_id: uuid.UUID, tree: Tree) -> None:
    oldest = next(reversed(tree.places), None)
    page = await bridge.read_checkpoints(thread_id, limit=PAGE, before=oldest)
    tree.add(page)
    tree.is_whole = len(page) < PAGE
