"""The search for secrets: what they are, how each is used, and where each is looked for afterwards."""
