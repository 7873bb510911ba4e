"""A small chat model and a small embedding model behind OpenAI's protocol, where there is no provider."""
