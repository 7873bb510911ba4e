"""MCP servers of the house: registered by administrators, asked for their tools, called by the graph."""
