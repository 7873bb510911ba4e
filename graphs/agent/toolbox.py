"""The tools of one run: what its context enables, of this server's own and of MCP servers'."""

from langchain_core.tools import BaseTool

from graphs.agent.context import AgentContext
from graphs.agent.tools import enabled_tools
from graphs.agent.tools.remote import remote_tools


def tools_of(context: AgentContext) -> list[BaseTool]:
    """Give the tools that the model is offered and that may be run; none to a model that takes none."""
    if not context.supports_tools:
        return []
    return [*enabled_tools(context.enabled_tools), *remote_tools(context.remote_tools)]
