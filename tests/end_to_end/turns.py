"""The ways in which a turn can end, each played through a client, with what the ledger must make of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from tests.end_to_end.clients import Client
from tests.scripted_model import ScriptedModel

# Longer than any cancellation takes, on a busy machine as well.
LONG = "word " * 1600
# The development server loses sight of a cancellation for half a minute when a run has hardly begun.
HEARD_BEFORE_CANCELLING = 10
SLOW = {"streamingProfile": {"ttft": 20, "tps": 20}, "chunkSize": 5}


@dataclass(frozen=True)
class Scene:
    """One client with a thread, and words that only its messages have."""

    client: Client
    model: ScriptedModel
    words: str
    thread: str

    @classmethod
    def of(cls, client: Client, model: ScriptedModel, *, words: str = "") -> "Scene":
        """Set the scene on a new thread."""
        return cls(client, model, words or f"turn-{uuid.uuid4()}", client.create_thread())

    def say(self) -> str:
        """Stream a turn to its end and return what was heard, an error included."""
        pieces = list(self.client.stream(self.thread, f"About {self.words}"))
        assert pieces[0].kind == "run"
        return "".join(piece.data if piece.kind == "token" else piece.kind for piece in pieces[1:])


def finish(scene: Scene) -> None:
    """Hear a whole answer."""
    scene.model.reply(scene.words, "It went well.", prompt_tokens=41, completion_tokens=13)
    assert scene.say() == "It went well."


def be_answered_whole(scene: Scene) -> None:
    """Wait for the answer without listening to it."""
    scene.model.reply(scene.words, "It went well.", prompt_tokens=43, completion_tokens=11)
    assert scene.client.ask(scene.thread, f"About {scene.words}") == "It went well."


def use_a_tool(scene: Scene) -> None:
    """Let the model ask for a tool, and answer with its result."""
    call = {"id": "call_1", "name": "calculator", "arguments": {"expression": "6 * 7"}}
    scene.model.script(
        {
            "match": {"userMessage": scene.words, "hasToolResult": False},
            "response": {"toolCalls": [call], "usage": _usage(31, 7)},
        },
        {
            "match": {"userMessage": scene.words, "hasToolResult": True},
            "response": {"content": "It is 42.", "usage": _usage(57, 5)},
        },
    )
    assert scene.say() == "It is 42."


def cancel(scene: Scene) -> None:
    """Stop the run once some words were heard, and hear the stream end."""
    scene.model.reply(scene.words, LONG, **SLOW)
    heard, run = 0, ""
    for piece in scene.client.stream(scene.thread, f"About {scene.words}"):
        if piece.kind == "run":
            run = piece.data
        elif piece.kind == "token":
            heard += 1
            if heard == HEARD_BEFORE_CANCELLING:
                scene.client.cancel(scene.thread, run)
    assert HEARD_BEFORE_CANCELLING <= heard < len(LONG) / SLOW["chunkSize"]


def fail(scene: Scene) -> None:
    """Meet a model server that fails."""
    scene.model.fail(scene.words, 500)
    assert scene.say() == "error"


def be_rate_limited(scene: Scene) -> None:
    """Meet a model server that is busy."""
    scene.model.fail(scene.words, 429)
    assert scene.say() == "error"


def be_cut(scene: Scene) -> None:
    """Lose the connection to the model in the middle of its answer."""
    scene.model.reply(scene.words, LONG, latency=20, chunkSize=5, truncateAfterChunks=10)
    assert scene.say().endswith("error")


def retry(scene: Scene) -> None:
    """Say the same again after a failure."""
    scene.model.script(
        {
            "match": {"userMessage": scene.words, "sequenceIndex": 0},
            "response": {"error": {"message": "scripted", "type": "scripted"}, "status": 500},
        },
        {
            "match": {"userMessage": scene.words, "sequenceIndex": 1},
            "response": {"content": "Now it works.", "usage": _usage(23, 4)},
        },
    )
    assert scene.say() == "error"
    assert scene.say() == "Now it works."


TURNS: dict[str, tuple[Callable[[Scene], None], tuple[str, ...]]] = {
    "finished": (finish, ("finished",)),
    "answered whole": (be_answered_whole, ("finished",)),
    "tool loop": (use_a_tool, ("finished", "finished")),
    "cancelled": (cancel, ("cancelled",)),
    "failed": (fail, ("failed",)),
    "rate limited": (be_rate_limited, ("failed",) * 3),
    "cut": (be_cut, ("failed",)),
    "retried": (retry, ("failed", "finished")),
}


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion}
