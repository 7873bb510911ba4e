"""Runs that were admitted, as the tests of the runs make them."""

from tests.controlplane.provider_keys.fixtures import make_key
from tests.controlplane.runs.conftest import admitted, run_request

__all__ = ["admitted", "make_key", "run_request"]
