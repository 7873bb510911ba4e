"""Embeddings of texts, by any provider that speaks OpenAI's protocol, metered like every other model call."""
