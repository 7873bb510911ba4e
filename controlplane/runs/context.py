"""Works out what a run runs with: what was asked for, over the session's settings, over the house's."""

from typing import Any
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from controlplane.chat.models import ChatSession
from controlplane.tools.selection import enabled_tools

# Postgres keeps no null characters in text.
NO_NULL = r"^[^\x00]*$"


class Wishes(BaseModel):
    """What a client may ask for per run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = Field(default=None, min_length=1, max_length=200, pattern=NO_NULL)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)


def effective_context(session: ChatSession | None, wishes: Wishes, *, user_id: UUID | None) -> dict[str, Any]:
    """Give the run's context, free of secrets (docs/contracts.md, section 2)."""
    session = session or ChatSession()
    return {
        "model": wishes.model or session.model_name or settings.DEFAULT_MODEL,
        "temperature": _first(wishes.temperature, session.temperature, settings.DEFAULT_TEMPERATURE),
        "max_tokens": _first(wishes.max_tokens, session.max_tokens, settings.DEFAULT_MAX_TOKENS),
        "system_prompt": session.custom_system_prompt or settings.DEFAULT_SYSTEM_PROMPT,
        "enabled_tools": enabled_tools(user_id),
        "enable_summarization": session.enable_summarization,
        "summarization_threshold": _first(
            session.summarization_threshold, settings.DEFAULT_SUMMARIZATION_THRESHOLD
        ),
        "summary_keep_tokens": settings.DEFAULT_SUMMARY_KEEP_TOKENS,
    }


def _first(*choices: float | None) -> float | None:
    return next((choice for choice in choices if choice is not None), None)
