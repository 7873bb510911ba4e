"""The bridge to a real Agent Server, over langgraph-sdk."""
