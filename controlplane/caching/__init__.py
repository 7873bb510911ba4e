"""Caching: copies of rows that know which version they were made of."""
