"""The catalogue of tools, what users made of it, and the calls that runs made."""

from controlplane.tools.models.available_tool import AvailableTool
from controlplane.tools.models.mcp_server import McpServer
from controlplane.tools.models.tool_call import ToolCall
from controlplane.tools.models.user_tool import UserTool

__all__ = ["AvailableTool", "McpServer", "ToolCall", "UserTool"]
