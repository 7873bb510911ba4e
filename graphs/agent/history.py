"""Which part of a conversation the model gets to see, in a form every provider accepts."""

import json
from collections.abc import Sequence
from hashlib import sha256

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graphs.agent.asked import asked_calls, for_model
from graphs.agent.prompts import NOT_RUN, SUMMARY_HEADING
from graphs.agent.state import Summary


def valid_summary(summary: Summary | None, messages: Sequence[AnyMessage]) -> Summary | None:
    """Return the summary if all that it covers is still there: an edit may have removed or reworded it."""
    if summary is None:
        return None
    ids = [message.id for message in messages]
    if summary["last_message_id"] not in ids:
        return None
    covered = messages[: ids.index(summary["last_message_id"]) + 1]
    return summary if summary.get("covers") in {None, fingerprint(covered)} else None


def fingerprint(messages: Sequence[AnyMessage]) -> str:
    """Name what was said in so many messages."""
    digest = sha256()
    for message in messages:
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        digest.update(json.dumps([message.id, message.content, calls], default=str).encode())
    return digest.hexdigest()[:32]


def recent_messages(messages: Sequence[AnyMessage], summary: Summary | None) -> list[AnyMessage]:
    """Return what the summary does not cover."""
    if summary is None:
        return list(messages)
    ids = [message.id for message in messages]
    return list(messages[ids.index(summary["last_message_id"]) + 1 :])


def model_view(
    messages: Sequence[AnyMessage], summary: Summary | None, *, system_prompt: str
) -> list[AnyMessage]:
    """Build the model's input: instructions, the summary, then the recent messages with paired tool calls."""
    kept = valid_summary(summary, messages)
    instructions = system_prompt
    if kept:
        instructions = f"{system_prompt}\n\n{SUMMARY_HEADING}\n{kept['text']}"
    return [SystemMessage(instructions), *_paired(recent_messages(messages, kept))]


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
