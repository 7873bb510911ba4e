"""Management commands of the language models."""
