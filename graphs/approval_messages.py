"""What the planes say to each other about tool calls that wait for leave."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class SaidDecision(BaseModel):
    """What a resume says of one tool call that waits for leave."""

    model_config = ConfigDict(frozen=True)

    type: str
    arguments: dict[str, Any] | None = None
    reason: str = ""


class AskedCall(BaseModel):
    """A tool call that needs its user's leave."""

    model_config = ConfigDict(frozen=True)

    approval_id: UUID
    tool_name: str
    arguments: dict[str, Any]


class ApprovalRequest(BaseModel):
    """The calls of one message that need leave."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    calls: list[AskedCall]


class Approval(BaseModel):
    """How one of them stands, and with which arguments it may run."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None = None
    status: str
    arguments: dict[str, Any]
    reason: str = ""
    expires_at: str = ""


class Approvals(BaseModel):
    """How they stand, in the order of the request."""

    model_config = ConfigDict(frozen=True)

    approvals: list[Approval]
