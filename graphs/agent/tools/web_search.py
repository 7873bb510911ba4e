"""Searches the web for the model."""

from langchain_core.tools import ToolException, tool

from graphs.agent.search.providers import NoProvider, search
from graphs.agent.search.results import in_words

LONGEST_QUESTION = 400
MOST_RESULTS = 10


@tool
async def web_search(question: str, most_results: int = 5) -> str:
    """Search the web. Gives titles, addresses and excerpts of up to 10 pages; read one with fetch_page."""
    asked = " ".join(question.split())
    if not asked or len(asked) > LONGEST_QUESTION:
        raise ToolException(f"Ask a question of 1 to {LONGEST_QUESTION} characters.")
    try:
        found = await search(asked, most=min(max(most_results, 1), MOST_RESULTS))
    except NoProvider:
        raise ToolException("There is no search provider.") from None
    return in_words(found)


web_search.handle_tool_error = True
