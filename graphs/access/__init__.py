"""Who may do what on the Agent Server, and under which conditions a run starts."""
