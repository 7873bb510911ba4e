"""People, as for the control plane's own tests."""

from tests.controlplane.conftest import agent_server, allow_models, api, make_user, stranger, user

__all__ = ["agent_server", "allow_models", "api", "make_user", "stranger", "user"]
