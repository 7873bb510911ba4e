"""The one door to MCP servers: a call is a session of its own, bounded in time, size and reach."""
