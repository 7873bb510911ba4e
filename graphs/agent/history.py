"""Which part of a conversation the model gets to see, in a form every provider accepts."""

import json
from collections.abc import Sequence
from hashlib import sha256

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graphs.agent.asked import asked_calls, for_model
from graphs.agent.prompts import NOT_RUN, SUMMARY_HEADING
from graphs.agent.state import Summary

MOST_NAMED = 1_000

# Fingerprints that were compared lately, by the hash of the messages they were found to name.
_named: dict[str, int] = {}


def valid_summary(summary: Summary | None, messages: Sequence[AnyMessage]) -> Summary | None:
    """Return the summary if all that it covers is still there: an edit may have removed or reworded it."""
    if summary is None:
        return None
    count = _count_covered(summary, messages)
    if count is None:
        return None
    covers = summary.get("covers")
    return summary if covers is None or _is_named(messages[:count], covers) else None


def fingerprint(messages: Sequence[AnyMessage]) -> str:
    """Name what was said in so many messages."""
    return sha256("".join(map(_words_of, messages)).encode()).hexdigest()[:32]


def recent_messages(messages: Sequence[AnyMessage], summary: Summary | None) -> list[AnyMessage]:
    """Return what the summary does not cover."""
    count = _count_covered(summary, messages) if summary else 0
    return list(messages[count or 0 :])


def _count_covered(summary: Summary, messages: Sequence[AnyMessage]) -> int | None:
    """Count the messages up to the last one that a summary covers, which is near the end."""
    for count in range(len(messages), 0, -1):
        if messages[count - 1].id == summary["last_message_id"]:
            return count
    return None


def _is_named(messages: Sequence[AnyMessage], name: str) -> bool:
    """Whether this is the fingerprint of these messages.

    Each turn of a thread asks for the same ones: what was found is known by the texts' own hashes, which
    Python computes once for each text.
    """
    seen = hash(tuple(map(_hash_of, messages)))
    if _named.get(name) == seen:
        return True
    if fingerprint(messages) != name:
        return False
    while len(_named) >= MOST_NAMED:
        _named.pop(next(iter(_named)), None)
    _named[name] = seen
    return True


def _hash_of(message: AnyMessage) -> int:
    content = message.content
    if isinstance(content, str) and not (isinstance(message, AIMessage) and message.tool_calls):
        return hash((message.id, content))
    return hash(_words_of(message))


def _words_of(message: AnyMessage) -> str:
    """Write a message down so that no two read alike."""
    calls = message.tool_calls if isinstance(message, AIMessage) else None
    content = message.content
    if isinstance(content, str) and not calls:
        kind, said = "text", content
    else:
        kind, said = "json", json.dumps([content, calls], default=str)
    return f"{message.id!r} {kind} {len(said)} {said}\n"


def model_view(
    messages: Sequence[AnyMessage], summary: Summary | None, *, system_prompt: str
) -> list[AnyMessage]:
    """Build the model's input: instructions, the summary, then the recent messages with paired tool calls.

    The summary is a valid one: to find that out is dear in a long thread.
    """
    instructions = system_prompt
    if summary:
        instructions = f"{system_prompt}\n\n{SUMMARY_HEADING}\n{summary['text']}"
    return [SystemMessage(instructions), *_paired(recent_messages(messages, summary))]


def before_last_question(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return what came before the last human message: the question itself is never summarized away."""
    places = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return list(messages[: places[-1]]) if places else []


def _paired(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Drop answers whose call was cut off, answer calls that were cancelled: providers insist on pairs.

    An answer belongs to the latest call of its id: some servers use an id again in each round.
    """
    view: list[AnyMessage] = []
    waiting: dict[str, list[int]] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            if places := waiting.get(message.tool_call_id):
                view[places.pop(0)] = message
            continue
        view.append(for_model(message))
        ids = [call_id for call_id, _ in asked_calls(message)]
        waiting.update({call_id: [] for call_id in ids})
        for call_id in ids:
            waiting[call_id].append(len(view))
            view.append(ToolMessage(NOT_RUN, tool_call_id=call_id))
    return view
