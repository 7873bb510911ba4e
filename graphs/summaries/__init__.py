"""Conversations as text, in pieces that a model can take in."""
