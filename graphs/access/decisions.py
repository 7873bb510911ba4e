"""Reads what a resume says of tool calls that wait for leave; the control plane records it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from graphs.access.denial import invalid
from graphs.approval_messages import SaidDecision

# Not a set: a client may send what cannot be in one.
KINDS = ("approve", "edit", "reject")
MOST_DECISIONS = 64
LONGEST_REASON = 1_000


def decisions_of(command: object) -> list[SaidDecision]:
    """Read `{"decisions": [...]}`, also under the id of its interrupt. Raises a 422 denial."""
    resume = command.get("resume") if isinstance(command, Mapping) else None
    if isinstance(resume, Mapping) and "decisions" not in resume and len(resume) == 1:
        [resume] = resume.values()
    if not isinstance(resume, Mapping) or "decisions" not in resume:
        return []
    said = resume["decisions"]
    if not isinstance(said, list) or len(said) > MOST_DECISIONS:
        raise invalid("command", f"Decisions are a list of at most {MOST_DECISIONS}.")
    return [_read(decision) for decision in said]


def _read(decision: object) -> SaidDecision:
    if not isinstance(decision, Mapping) or decision.get("type") not in KINDS:
        raise invalid("command", "A decision's type is approve, edit or reject.")
    edited: Any = decision.get("edited_action")
    arguments = edited.get("args") if isinstance(edited, Mapping) else None
    reason = decision.get("message") or ""
    if decision["type"] == "edit" and not isinstance(arguments, dict):
        raise invalid("command", "An edit needs edited_action with args.")
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON or "\0" in reason:
        raise invalid("command", f"A message is a text of at most {LONGEST_REASON} characters.")
    try:
        return SaidDecision(
            type=decision["type"],
            arguments=arguments if decision["type"] == "edit" else None,
            reason=reason,
        )
    except ValidationError:
        raise invalid("command", "This is no decision.") from None
