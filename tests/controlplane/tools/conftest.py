"""The catalogue with its built-in tools, one with secrets, and the runs that call them."""

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps

from controlplane.tools.catalogue import available_tool_save
from controlplane.tools.models import AvailableTool
from tests.controlplane.runs.conftest import admitted, run_request

__all__ = ["admitted", "run_request"]

SEARCH_SCHEMA = {
    "type": "object",
    "properties": {
        "max_results": {"type": "integer", "minimum": 1, "maximum": 20},
        "region": {"enum": ["eu", "us"]},
        "api_key": {"type": "string", "minLength": 4, "writeOnly": True},
    },
    "required": ["api_key"],
    "additionalProperties": False,
}


@pytest.fixture
def built_in(db) -> dict[str, AvailableTool]:
    """A catalogue of two tools, also after a test that emptied all tables."""
    AvailableTool.objects.all().delete()
    import_module("controlplane.tools.migrations.0002_built_in_tools").add_built_in_tools(apps, None)
    return {tool.tool_name: tool for tool in AvailableTool.objects.all()}


@pytest.fixture
def add_tool(db) -> Callable[..., AvailableTool]:
    """Put a tool into the catalogue as the back office does, in the place of one of its name."""

    def add(tool_name: str = "web_search", **fields: object) -> AvailableTool:
        AvailableTool.objects.filter(tool_name=tool_name).delete()
        return available_tool_save(
            tool=AvailableTool(tool_name=tool_name, **{"display_name": "Web search", **fields})
        )

    return add


@pytest.fixture
def search(add_tool) -> AvailableTool:
    """A tool with a secret and two settings."""
    return add_tool(config_schema=SEARCH_SCHEMA)
