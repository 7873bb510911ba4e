"""What is asked of users about tool calls, and what their answers make of the model's message."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from graphs.agent.context import AgentContext
from graphs.agent.tools.calculator import calculator
from graphs.agent.tools.current_time import current_time
from graphs.agent.tools.remember import remember
from graphs.approval_messages import Approval
from graphs.metering.places import PlacedCall, placed_calls
from graphs.settings import read_settings

ALLOWED = ["approve", "edit", "reject"]
LEAVE = frozenset({"approved", "edited"})
# What these answer, this server has written.
OWN_WORDS = frozenset({calculator.name, current_time.name, remember.name})
WORDS = {
    "rejected": "The user has rejected this call. It was not run.",
    "expired": "The user did not answer in time. This call was not run.",
    "withdrawn": "The user went on without an answer. This call was not run.",
}


def calls_to_ask_for(messages: Sequence[AnyMessage], context: AgentContext) -> list[PlacedCall]:
    """Give the calls of the last message that need leave, among those that there is room to run."""
    *before, last = messages
    if not isinstance(last, AIMessage):
        return []
    asking = set(context.approval_tools)
    if holds_retrieved_text(before):
        asking.update(context.approval_tools_after_retrieval)
    first = placed_calls(last)[: read_settings().most_tool_calls_per_round]
    return [one for one in first if one.call["name"] in asking]


def holds_retrieved_text(messages: Sequence[AnyMessage]) -> bool:
    """Whether the turn has results that others than its user and this server wrote: they may give orders."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, ToolMessage) and message.name not in OWN_WORDS:
            return True
    return False


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


def answered(message: AIMessage, decided: Sequence[tuple[PlacedCall, Approval]]) -> list[AnyMessage]:
    """Give what changes: the message with the calls as they run, and a result for each that does not."""
    calls = list(message.tool_calls)
    refusals: list[AnyMessage] = []
    is_edited = False
    for one, approval in decided:
        if approval.status not in LEAVE:
            words = WORDS.get(approval.status, WORDS["rejected"])
            refusals.append(refusal(one, " ".join(filter(None, [words, approval.reason]))))
        elif approval.status == "edited":
            calls[one.index] = {**one.call, "args": approval.arguments}
            is_edited = True
    changed: list[AnyMessage] = [_with_calls(message, calls)] if is_edited else []
    return [*changed, *refusals]


def refusal(one: PlacedCall, words: str) -> ToolMessage:
    """Answer a call that is not made; by the answer's id it is known which of equal call ids it is for."""
    call = one.call
    return ToolMessage(words, id=_result_id(one), tool_call_id=call["id"], name=call["name"], status="error")


def last_answer(messages: Sequence[AnyMessage]) -> AIMessage | None:
    """Give the last message of the model."""
    return next((one for one in reversed(messages) if isinstance(one, AIMessage)), None)


def open_calls(messages: Sequence[AnyMessage]) -> list[PlacedCall]:
    """Give those calls of the model's last message that have no result yet."""
    last = last_answer(messages)
    if last is None:
        return []
    results = [one for one in messages[messages.index(last) + 1 :] if isinstance(one, ToolMessage)]
    placed = placed_calls(last)
    own = {_result_id(one) for one in placed}
    refused = {result.id for result in results if result.id in own}
    # Results of other origin say no more than their call's id: they count for the first of it.
    others = Counter(result.tool_call_id for result in results if result.id not in own)
    waiting = []
    for one in placed:
        call_id = one.call["id"] or ""
        if _result_id(one) in refused:
            continue
        if others[call_id]:
            others[call_id] -= 1
            continue
        waiting.append(one)
    return waiting


def _result_id(one: PlacedCall) -> str:
    return str(uuid5(NAMESPACE_OID, one.place))


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
