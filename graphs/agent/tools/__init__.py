"""The agent's tools by name; a run uses those that its context enables."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool

from graphs.agent.tools.calculator import calculator
from graphs.agent.tools.current_time import current_time
from graphs.agent.tools.fetch_page import fetch_page
from graphs.agent.tools.web_search import web_search

TOOLS: dict[str, BaseTool] = {tool.name: tool for tool in (calculator, current_time, fetch_page, web_search)}


def enabled_tools(names: Sequence[str]) -> list[BaseTool]:
    """Pick the tools named; names of tools this server does not have are passed over."""
    return [TOOLS[name] for name in dict.fromkeys(names) if name in TOOLS]
