"""Translation of a run's stream, part by part, into the bridge's events."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
from langgraph_sdk.schema import StreamPart

from sdk_bridge.agent_server.wire import Wire
from sdk_bridge.agent_server.wire_messages import (
    read_interrupts,
    read_message,
    reasoning_of,
    role_of,
    text_of,
)
from sdk_bridge.errors import BridgeError, RunNotFound, ServerFailed, ThreadNotFound
from sdk_bridge.events import Event, Interrupted, Reasoning, RunFailed, Token, events_of
from sdk_bridge.failures import failure_of

log = logging.getLogger(__name__)

STREAM_MODES: Final = ("messages-tuple", "updates")
VISIBLE_NODE: Final = "call_model"


@dataclass(slots=True)
class StreamTranslator:
    """Translates the parts of one stream in their order; `failed` once the run's error was among them."""

    failed: bool = False
    _streamed: set[str] = field(default_factory=set)

    def translate(self, part: StreamPart) -> list[Event]:
        """Give the events of one part; only the last carries its id, as resuming after it skips them all.

        Raises ThreadNotFound or RunNotFound when the server says so within the stream.
        """
        events = list(self._read(part))
        if events and part.id:
            events[-1] = replace(events[-1], event_id=part.id)
        return events

    def _read(self, part: StreamPart) -> Iterator[Event]:
        # Any: SDK types say dict, but a messages part is a pair and an updates part may be null.
        data: Any = part.data
        match part.event, data:
            case "metadata" | "end", _:
                return
            case "messages", [dict() as message, dict() as metadata]:
                yield from self._read_piece(message, metadata)
            case "updates", dict():
                yield from _read_updates(data)
            case "error", dict():
                yield self._read_error(data)
            case _:
                log.warning("unknown stream part passed over", extra={"stream_event": part.event})

    def _read_piece(self, message: Wire, metadata: Wire) -> Iterator[Event]:
        """Read a piece of a model's answer, or a whole one where the model did not stream."""
        if role_of(message) != "ai" or metadata.get("langgraph_node") != VISIBLE_NODE:
            return
        message_id = str(message.get("id") or "")
        if message.get("type") == "ai" and message_id in self._streamed:
            return
        self._streamed.add(message_id)
        if reasoning := reasoning_of(message):
            yield Reasoning(message_id, reasoning)
        if text := text_of(message.get("content")):
            yield Token(message_id, text)

    def _read_error(self, data: Wire) -> RunFailed:
        error_class, message = str(data.get("error")), str(data.get("message") or "")
        if error_class == "HTTPException":
            raise _refusal_in_stream(message)
        self.failed = True
        return failure_of(error_class, message)


def _refusal_in_stream(message: str) -> BridgeError:
    """The server answers 200 first and refuses then: `404: Thread not found`."""
    status, _, reason = message.partition(": ")
    if status != str(httpx.codes.NOT_FOUND.value):
        return ServerFailed("The Agent Server broke the stream off.")
    if reason.startswith("Run"):
        return RunNotFound("The run does not exist.")
    return ThreadNotFound("The thread does not exist.")


def _read_updates(data: Mapping[str, Any]) -> Iterator[Event]:
    """Read what the nodes of one step wrote."""
    for node, written in data.items():
        if node == "__interrupt__":
            yield Interrupted(read_interrupts(written))
            continue
        for update in written if isinstance(written, list) else [written]:
            if isinstance(update, dict):
                yield from _read_written_messages(update.get("messages"))


def _read_written_messages(written: object) -> Iterator[Event]:
    for raw in written if isinstance(written, list) else [written]:
        message = read_message(raw) if isinstance(raw, dict) else None
        if message is not None:
            yield from events_of(message)
