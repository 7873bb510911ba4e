"""Requests to addresses that nobody vouches for."""
