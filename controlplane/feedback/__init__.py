"""Feedback of users on answers, and its review."""
