"""Checkpoints and the store, both in Postgres."""
