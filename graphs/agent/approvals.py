"""What is asked of users about tool calls, and what their answers make of the model's message."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage

from graphs.control_plane import Approval

ALLOWED = ["approve", "edit", "reject"]
LEAVE = frozenset({"approved", "edited"})
WORDS = {
    "rejected": "The user has rejected this call. It was not run.",
    "expired": "The user did not answer in time. This call was not run.",
    "withdrawn": "The user went on without an answer. This call was not run.",
}


def places_of(message: AIMessage) -> list[tuple[str, ToolCall]]:
    """Give each call with its place; some model servers use an id twice."""
    named: Counter[str] = Counter()
    placed = []
    for call in message.tool_calls:
        call_id = call["id"] or ""
        named[call_id] += 1
        placed.append((place_of(message.id, call_id, named[call_id]), call))
    return placed


def place_of(message_id: str | None, call_id: str, number: int) -> str:
    """Name a call within its thread."""
    return f"{message_id or ''}/{call_id}/{number}"


def approval_id(thread_id: str, place: str) -> UUID:
    """Name a call's approval; a run that resumes finds the same."""
    return uuid5(UUID(thread_id), place)


def question(approvals: Sequence[Approval], calls: Sequence[ToolCall]) -> dict[str, Any]:
    """Ask in the form that LangChain's clients know, with the names of our approvals beside it."""
    names = list(dict.fromkeys(call["name"] for call in calls))
    return {
        "action_requests": [
            {"name": call["name"], "args": call["args"], "description": f"May {call['name']} be called?"}
            for call in calls
        ],
        "review_configs": [{"action_name": name, "allowed_decisions": ALLOWED} for name in names],
        "approvals": [{"id": str(one.id), "expires_at": one.expires_at} for one in approvals],
    }


def decided_locally(said: object, calls: Sequence[ToolCall]) -> list[Approval]:
    """Read a resume's own words, for a server without a control plane; what is not understood rejects."""
    decisions = said.get("decisions") if isinstance(said, Mapping) else None
    given: Sequence[Any] = decisions if isinstance(decisions, Sequence) else []
    return [_decided(given[place] if place < len(given) else None, call) for place, call in enumerate(calls)]


def answered(message: AIMessage, decided: Mapping[int, Approval]) -> list[AnyMessage]:
    """Give what changes: the message with the calls as they run, and a result for each that does not."""
    calls = list(message.tool_calls)
    refusals: list[AnyMessage] = []
    is_edited = False
    for place, approval in decided.items():
        call = calls[place]
        if approval.status not in LEAVE:
            words = " ".join(filter(None, [WORDS.get(approval.status, WORDS["rejected"]), approval.reason]))
            refusals.append(ToolMessage(words, tool_call_id=call["id"], name=call["name"], status="error"))
        elif approval.status == "edited":
            calls[place] = {**call, "args": approval.arguments}
            is_edited = True
    changed: list[AnyMessage] = [_with_calls(message, calls)] if is_edited else []
    return [*changed, *refusals]


def open_calls(messages: Sequence[AnyMessage]) -> AIMessage | None:
    """Give the last message of the model with those of its calls that have no result yet."""
    last = next((one for one in reversed(messages) if isinstance(one, AIMessage)), None)
    if last is None:
        return None
    after = messages[messages.index(last) + 1 :]
    done = Counter(one.tool_call_id for one in after if isinstance(one, ToolMessage))
    waiting = [call for call in last.tool_calls if not done[call["id"] or ""]]
    return last.model_copy(update={"tool_calls": waiting})


def _with_calls(message: AIMessage, calls: list[ToolCall]) -> AIMessage:
    # The raw form and the content's blocks would still show what the model wanted.
    kept = {name: value for name, value in message.additional_kwargs.items() if name != "tool_calls"}
    content = message.content
    if isinstance(content, list):
        content = [one for one in content if isinstance(one, str) or one.get("type") == "text"]
    return message.model_copy(update={"tool_calls": calls, "additional_kwargs": kept, "content": content})


def _decided(decision: object, call: ToolCall) -> Approval:
    said = decision if isinstance(decision, Mapping) else {}
    kind, arguments = said.get("type"), dict(call["args"])
    edited = said.get("edited_action")
    if kind == "edit" and isinstance(edited, Mapping) and isinstance(edited.get("args"), Mapping):
        return Approval(status="edited", arguments=dict(edited["args"]))
    status = "approved" if kind == "approve" else "rejected"
    return Approval(status=status, arguments=arguments, reason=str(said.get("message") or ""))
