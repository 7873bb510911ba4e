"""Ratios of the whole system to the bare Agent Server, by hand: `make bench`."""
