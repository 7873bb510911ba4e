"""Searching the web, by whichever provider the house has."""
