"""What addresses of memories are about (see tests/controlplane/api/test_isolation.py)."""

from uuid import uuid4

from controlplane.accounts.models import CustomUser
from tests.controlplane import agent_server_double

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {}


def make(user: CustomUser) -> dict[str, object]:
    """A memory where the agent keeps them."""
    memory_id = uuid4()
    place = ("users", str(user.pk), "memories")
    agent_server_double.present().leave_item(place, str(memory_id), {"text": "Likes tea."})
    return {"memory_id": memory_id}
