"""The MCP server that tests connect to."""
