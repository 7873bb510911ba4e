"""Keeps both planes in step: retention, orphans and drift."""
