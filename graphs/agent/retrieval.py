"""Looks into the user's documents before the call of a model that cannot ask for it: one without tools."""

from collections.abc import Sequence
from typing import Final

import structlog
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langgraph.runtime import Runtime

from graphs.agent.budget import budget_of
from graphs.agent.context import AgentContext
from graphs.agent.passages import in_words
from graphs.documents import Passage, PassagesRequest, find_passages
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable
from graphs.settings import read_settings

MOST_PASSAGES: Final = 4
MOST_TOKENS: Final = 1_500
# Of the whole input's budget, that much at most is for passages.
SHARE: Final = 3
LONGEST_QUERY: Final = 2_000

logger = structlog.get_logger(__name__)


async def retrieved(messages: Sequence[AnyMessage], runtime: Runtime[AgentContext]) -> list[Passage]:
    """Find what fits the last question, within the budget; none for a model that has tools.

    Documents that cannot be searched hold up no conversation: the model is told of no passages.
    """
    question = _question(messages)
    if runtime.context.supports_tools or not question or read_settings().is_standalone:
        return []
    run_id = (runtime.execution_info.run_id if runtime.execution_info else None) or ""
    try:
        found = await find_passages(run_id, PassagesRequest(query=question, limit=MOST_PASSAGES))
    except (ControlPlaneRefused, ControlPlaneUnreachable) as error:
        logger.warning("retrieval_failed", run_id=run_id, reason=type(error).__name__)
        return []
    return _within(found, runtime.context)


def with_passages(view: list[AnyMessage], passages: Sequence[Passage]) -> list[AnyMessage]:
    """Put passages before the last question, in its own message: some models take no two in a row."""
    places = [place for place, message in enumerate(view) if isinstance(message, HumanMessage)]
    if not passages or not places:
        return view
    question, words = view[places[-1]], in_words(passages)
    if isinstance(question.content, str):
        asked = question.model_copy(update={"content": f"{words}\n\n{question.content}"})
    else:
        asked = question.model_copy(update={"content": [{"type": "text", "text": words}, *question.content]})
    return [*view[: places[-1]], asked, *view[places[-1] + 1 :]]


def _question(messages: Sequence[AnyMessage]) -> str:
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return message.text.replace("\x00", "").strip()[:LONGEST_QUERY]
    return ""


def _within(passages: list[Passage], context: AgentContext) -> list[Passage]:
    budget = budget_of(context)
    room = MOST_TOKENS if budget is None else min(MOST_TOKENS, budget // SHARE)
    while passages and count_tokens_approximately([HumanMessage(in_words(passages))]) > room:
        passages = passages[:-1]
    return passages
