"""Hands a user everything that is kept of them, as files."""
