"""REST of tools: the catalogue as a user sees it, and what they made of it."""
