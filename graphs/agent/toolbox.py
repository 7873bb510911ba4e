"""The tools of one run: what its context enables, of this server's own and of MCP servers'."""

from langchain_core.tools import BaseTool

from graphs.agent.context import AgentContext
from graphs.agent.search.providers import can_search
from graphs.agent.tools import enabled_tools
from graphs.agent.tools.remote import remote_tools
from graphs.agent.tools.web_search import web_search
from graphs.settings import read_settings


def tools_of(context: AgentContext) -> list[BaseTool]:
    """Give the tools that the model is offered and that may be run; none to a model that takes none."""
    if not context.supports_tools:
        return []
    names = context.enabled_tools
    if not can_search(read_settings()):
        names = [name for name in names if name != web_search.name]
    return [*enabled_tools(names), *remote_tools(context.remote_tools)]
