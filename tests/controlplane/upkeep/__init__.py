"""Tests of retention, orphans and drift."""
