"""What one model call is for, and with which model it is made."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from pydantic import BaseModel, ConfigDict, Field

PROVIDER = "openai"
MOST_FALLBACKS = 3


class RequestType(StrEnum):
    """What a call is billed as."""

    CHAT = "chat"
    SUMMARIZATION = "summarization"
    TITLE = "title"


class ModelChoice(BaseModel):
    """The part of every graph's context that picks a model."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str = Field(
        default="gpt-4o-mini",
        title="Model",
        description="Name of the model, as its server knows it.",
        examples=["gpt-4o-mini", "gpt-4o"],
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="How freely the model words its answer; empty: the model's own."
    )
    max_tokens: int | None = Field(
        default=1024, ge=1, description="Longest answer in tokens; empty: the model's own limit."
    )
    fallback_models: list[str] = Field(
        default_factory=list,
        max_length=MOST_FALLBACKS,
        description="Models to take, in this order, when the model's server fails.",
    )
    context_length: int | None = Field(
        default=None,
        ge=1,
        description="Tokens that the model can take in, its answer included; empty: not known.",
    )


ModelChoiceT = TypeVar("ModelChoiceT", bound=ModelChoice)


@dataclass(frozen=True)
class ModelCall:
    """One kind of call within one run. `store` takes the records; None outside of a server."""

    run_id: str
    node: str
    request_type: RequestType
    model: str
    temperature: float | None
    max_tokens: int | None
    store: BaseStore | None
    fallback_models: tuple[str, ...] = ()


def call_of(
    runtime: Runtime[ModelChoiceT],
    *,
    node: str,
    request_type: RequestType,
    max_tokens: int | None = None,
    model: str = "",
) -> ModelCall:
    """Describe a call from within a node; `max_tokens` bounds it below the context's own bound.

    Another `model` than the context's may be named.
    """
    choice = runtime.context
    info = runtime.execution_info
    bounds = [bound for bound in (choice.max_tokens, max_tokens) if bound is not None]
    return ModelCall(
        run_id=(info.run_id if info else None) or "",
        node=node,
        request_type=request_type,
        model=model or choice.model,
        temperature=choice.temperature,
        max_tokens=min(bounds, default=None),
        store=runtime.store,
        # They are those of the run's own model.
        fallback_models=tuple(choice.fallback_models) if model in ("", choice.model) else (),
    )
