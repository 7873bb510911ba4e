"""The tools of one run: what its context enables, of this server's own and of MCP servers'."""

from langchain_core.tools import BaseTool

from graphs.agent.context import AgentContext
from graphs.agent.remembering import can_remember
from graphs.agent.search.providers import can_search
from graphs.agent.tools import enabled_tools
from graphs.agent.tools.knowledge_search import knowledge_search
from graphs.agent.tools.recall import recall
from graphs.agent.tools.remember import remember
from graphs.agent.tools.remote import remote_tools
from graphs.agent.tools.web_search import web_search
from graphs.settings import read_settings


def tools_of(context: AgentContext) -> list[BaseTool]:
    """Give the tools that the model is offered and that may be run; none to a model that takes none."""
    if not context.supports_tools:
        return []
    missing: set[str] = set()
    if not can_search(read_settings()):
        missing.add(web_search.name)
    if read_settings().is_standalone:
        # Documents are the control plane's.
        missing.add(knowledge_search.name)
    if not can_remember(context.embedding_model):
        missing |= {remember.name, recall.name}
    names = [name for name in context.enabled_tools if name not in missing]
    return [*enabled_tools(names), *remote_tools(context.remote_tools)]
