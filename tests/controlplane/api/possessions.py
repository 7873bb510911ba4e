"""What addresses of the API's own description are about (see test_isolation.py)."""

from controlplane.accounts.models import CustomUser

PUBLIC = {"schema", "docs"}
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {}


def make(user: CustomUser) -> dict[str, object]:
    """The description is nobody's."""
    return {}
