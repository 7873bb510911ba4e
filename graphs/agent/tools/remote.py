"""Tools of MCP servers as tools of the agent: described by the run's context, called as the permit says."""

from collections.abc import Sequence
from typing import Any

from langchain_core.tools import BaseTool, ToolException

from graphs.agent.context import RemoteTool
from graphs.mcp_servers.calls import call
from graphs.mcp_servers.errors import McpCallFailed
from graphs.mcp_servers.results import text_of
from graphs.metering.tool_calls import tool_permit

NOT_HERE = "This tool cannot be called here: nobody has set its server up."


class ToolOfServer(BaseTool):
    """One tool of a server; its arguments go there as they are, and the server judges them."""

    handle_tool_error: bool = True

    def _run(self, /, **_arguments: Any) -> str:
        raise NotImplementedError("It is called asynchronously.")

    async def _arun(self, /, **arguments: Any) -> str:
        """Call it where the permit says. Raises ToolException, which becomes an error for the model."""
        connection = tool_permit().connection
        if connection is None:
            raise ToolException(NOT_HERE)
        try:
            result = await call(connection, arguments)
        except McpCallFailed as failure:
            raise ToolException(str(failure)) from None
        if result.isError:
            raise ToolException(text_of(result))
        return text_of(result)


def remote_tools(described: Sequence[RemoteTool]) -> list[BaseTool]:
    """Make the tools that the context describes."""
    return [
        ToolOfServer(
            name=tool.name,
            description=tool.description,
            args_schema={"type": "object", "properties": {}, **tool.parameters},
        )
        for tool in described
    ]
