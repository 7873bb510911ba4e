"""The tools of one run: what its context enables, of this server's own and of MCP servers'."""

from langchain_core.tools import BaseTool

from graphs.agent.context import AgentContext
from graphs.agent.tools import enabled_tools


def tools_of(context: AgentContext) -> list[BaseTool]:
    """Give the tools that the model is offered and that may be run; none to a model that takes none."""
    return enabled_tools(context.enabled_tools) if context.supports_tools else []
