"""Runs that were admitted, as the tests of the runs make them."""

from tests.controlplane.runs.conftest import admitted, run_request

__all__ = ["admitted", "run_request"]
