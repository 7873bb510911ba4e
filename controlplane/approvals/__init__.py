"""Leave that users give for single tool calls."""
