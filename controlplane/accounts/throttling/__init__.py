"""Slows callers down who ask too much, and those who guess passwords."""
