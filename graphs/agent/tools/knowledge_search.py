"""Searches the documents that the run's user has uploaded."""

from typing import Any

from langchain_core.tools import ToolException, tool
from langgraph.runtime import get_runtime

from graphs.agent.passages import citations, in_words
from graphs.documents import PassagesRequest, find_passages
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable

LONGEST_QUERY = 2_000
MOST_PASSAGES = 5


@tool(response_format="content_and_artifact")
async def knowledge_search(query: str) -> tuple[str, list[dict[str, Any]]]:
    """Search the user's own documents by meaning and by words. Gives up to 5 passages to answer from."""
    asked = query.replace("\x00", "").strip()
    if not asked or len(asked) > LONGEST_QUERY:
        raise ToolException(f"Ask a question of 1 to {LONGEST_QUERY} characters.")
    info = get_runtime().execution_info
    run_id = (info.run_id if info else None) or ""
    try:
        found = await find_passages(run_id, PassagesRequest(query=asked, limit=MOST_PASSAGES))
    except ControlPlaneRefused as refusal:
        raise ToolException(refusal.message) from None
    except ControlPlaneUnreachable:
        raise ToolException("The documents cannot be searched at the moment.") from None
    return in_words(found), citations(found)


knowledge_search.handle_tool_error = True
