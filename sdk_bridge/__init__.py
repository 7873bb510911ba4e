"""The one door to the LangGraph Agent Server: async, typed, free of Django."""
