"""Tests of the page of the web chat."""
