"""What the addresses of preferences are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {("preferences", "patch"): {"theme": "dark"}}


def make(user: CustomUser) -> dict[str, object]:
    """Nothing: preferences come with the user, and their address names nobody."""
    return {}
