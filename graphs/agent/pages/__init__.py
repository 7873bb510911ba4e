"""Pages of the web as text that a model can read."""
