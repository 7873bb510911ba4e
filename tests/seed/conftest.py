"""The people of the examples."""

from tests.controlplane.conftest import make_user, user

__all__ = ["make_user", "user"]
