"""AvailableTool has no example of its own: its fields are tested here, by their names and purposes."""

from controlplane.tools.models import AvailableTool
from controlplane.tools.selection import enabled_tools


def test_admin_adds_a_tool_and_users_find_it(user):
    AvailableTool.objects.create(
        tool_name="image_search",
        display_name="Image Search",
        description="Searches for pictures.",
        category="search",
        is_active=True,
        is_public=True,
        config_schema={"type": "object", "properties": {"max_results": {"type": "integer"}}},
    )

    assert AvailableTool.objects.visible_to(user.pk).filter(tool_name="image_search").exists()
    assert "image_search" not in enabled_tools(user.pk)
