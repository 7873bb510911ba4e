"""Deletions: of conversations, of accounts, and what is left of both."""
