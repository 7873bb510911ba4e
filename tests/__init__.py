"""Checks of the whole product, mirroring the source tree."""
