"""People, as for the control plane's own tests."""

from tests.controlplane.conftest import agent_server, api, make_user, stranger, user

__all__ = ["agent_server", "api", "make_user", "stranger", "user"]
