"""What addresses of tools are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser
from controlplane.tools.models import AvailableTool, UserTool

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("user-tools", "post"): {"tool_name": "calculator"},
    ("user-tool", "patch"): {"is_enabled": False},
}


def make(user: CustomUser) -> dict[str, object]:
    """A tool of the catalogue, chosen."""
    AvailableTool.objects.get_or_create(tool_name="search", defaults={"display_name": "Search"})
    return {"user_tool_id": UserTool.objects.create(user=user, tool_name="search").pk}
