"""The record that a model node leaves of each call (docs/contracts.md, section 4)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One model call: what it used, however it ended; `input_tokens` includes cached ones.

    `failure` is the code of its error; `own_key_version` names the text of the user's own key that it used.
    """

    attempt_id: UUID
    run_id: UUID
    provider: str
    model: str
    node: str
    request_type: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    is_estimated: bool
    duration_ms: int
    ended_at: datetime
    failure: str = ""
    own_key_version: str = ""
