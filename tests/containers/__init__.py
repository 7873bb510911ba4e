"""The whole system in containers, on an engine of its own."""
