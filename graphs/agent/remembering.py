"""What the tools of memory have in common: whose it is, what it may hold, and the paid way to a vector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from langchain.tools import ToolRuntime
from langchain_core.tools import ToolException

from graphs.agent.memories import LONGEST_TEXT, Memories, WrongLength
from graphs.errors import KeyRefused, ModelRefused, RetryLater, RunRefused
from graphs.metering.calls import ModelCall, RequestType
from graphs.metering.embeddings import embed
from graphs.metering.tool_faults import PassingFault
from graphs.vector_desk import DESK, Vector

# Of AgentContext, which itself names the tools.
Runtime = ToolRuntime[Any, Any]

NOT_AVAILABLE: Final = "Memory is not available here."
OUT_OF_ORDER: Final = "Memory is out of order at the moment."

logger = structlog.get_logger(__name__)


def can_remember(embedding_model: str) -> bool:
    """Whether the tools of memory work: there is a model for vectors, and a place for them."""
    return bool(embedding_model) and DESK.dimensions is not None


def memories_of_run(runtime: Runtime) -> Memories:
    """Give the memories of the run's user, as the server knows them and never as the model says."""
    user_id = runtime.config.get("configurable", {}).get("langgraph_auth_user_id")
    model: str = runtime.context.embedding_model
    if not user_id or runtime.store is None or not can_remember(model):
        raise ToolException(NOT_AVAILABLE)
    return Memories(store=runtime.store, user_id=str(user_id), model=model)


def text_of(given: str) -> str:
    """Bring a text into its kept form: one line of bounded length, in characters that every store takes."""
    clean = given.replace("\x00", "").encode("utf-8", "replace").decode()
    text = " ".join(clean.split())
    if not text or len(text) > LONGEST_TEXT:
        raise ToolException(f"Give a text of 1 to {LONGEST_TEXT} characters.")
    return text


async def vector_of(text: str, runtime: Runtime, *, node: str) -> Vector:
    """Embed a text in a call that the run's user pays for. Raises LimitReached, which ends the run."""
    info = runtime.execution_info
    call = ModelCall(
        run_id=(info.run_id if info else None) or "",
        node=node,
        request_type=RequestType.EMBEDDING,
        model=runtime.context.embedding_model,
        temperature=None,
        max_tokens=None,
        store=runtime.store,
    )
    return await embed(call, text)


@asynccontextmanager
async def in_words(tool: str) -> AsyncIterator[None]:
    """Tell the model of what keeps a memory from working; a conversation goes on without it.

    What changed nothing may be tried again, and a memory kept twice is one.
    """
    try:
        yield
    except WrongLength:
        logger.error("memory_of_another_length", tool=tool, kept=DESK.dimensions)  # noqa: TRY400  # no trace needed
        raise ToolException(NOT_AVAILABLE) from None
    except RetryLater as error:
        logger.warning("memory_out_of_order", tool=tool, reason=error.code)
        raise PassingFault(OUT_OF_ORDER) from None
    except (ModelRefused, KeyRefused, RunRefused) as error:
        logger.warning("memory_refused", tool=tool, reason=error.code)
        raise ToolException(f"{NOT_AVAILABLE} {error}") from None
