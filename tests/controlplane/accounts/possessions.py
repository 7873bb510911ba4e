"""What addresses of accounts are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser

PUBLIC = {"sign-in", "token-refresh"}
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {}


def make(user: CustomUser) -> dict[str, object]:
    """An account is named by its caller, never by an address."""
    return {}
