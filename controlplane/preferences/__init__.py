"""Preferences: what a user has set for all their sessions, and the limits that hold for them."""
