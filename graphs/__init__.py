"""What the LangGraph Agent Server runs: plain LangGraph that knows nothing of Django."""
