"""Asking a server for its tools: what is written down, what is marked, and what a bad server costs."""

import time

import pytest

from controlplane.audit.models import AuditEntry
from controlplane.config.mcp_settings import McpProgram
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes
from controlplane.tools import selection
from controlplane.tools.catalogue import available_tool_save
from controlplane.tools.mcp import discovery, listing
from controlplane.tools.mcp.discovery import mcp_server_discover
from controlplane.tools.mcp.errors import DiscoveryFailed
from controlplane.tools.mcp.listing import Described
from controlplane.tools.models import AvailableTool, McpServer, UserTool
from controlplane.tools.selection import describe_remote_tools, enabled_tools, find_enabled
from controlplane.tools.tasks import discover_mcp_server, discover_mcp_servers
from tests.mcp.everything import EverythingServer, processes, program
from tests.ports import free_ports

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


def described(name: str, **fields: object) -> Described:
    return Described(
        **{"name": name, "title": name, "description": "Does it.", "input_schema": SCHEMA, **fields}
    )


@pytest.fixture
def offer(monkeypatch):
    """Let the server answer with these tools."""

    def set_answer(*tools: Described) -> None:
        async def listed(server: McpServer) -> list[Described]:
            return list(tools)

        monkeypatch.setattr(discovery, "listed_tools", listed)

    return set_answer


def enabled(user, tool_name: str) -> bool:
    return tool_name in enabled_tools(user.pk)


def test_tools_of_a_real_server_over_http(transactional_db, add_server, everything):
    server = add_server(url=everything.url)

    found = mcp_server_discover(server_id=server.pk)

    assert (found.error, found.refused) == ("", 0)
    assert found.found == found.added >= 10
    tool = AvailableTool.objects.get(tool_name="web__get-sum")
    assert sorted(tool.input_schema["properties"]) == ["a", "b"]
    assert (tool.category, tool.is_public, tool.is_on_by_default, tool.is_active) == (
        "integration",
        False,
        False,
        True,
    )
    again = mcp_server_discover(server_id=server.pk)
    assert (again.found, again.added, again.gone) == (found.found, 0, 0)


def test_tools_of_a_real_server_over_stdio_and_no_process_is_left(transactional_db, add_server, settings):
    mark = "mark-of-discovery"
    settings.MCP_STDIO_SERVERS = {"local": McpProgram(**program(mark))}
    server = add_server("local", transport="stdio", url="")

    assert mcp_server_discover(server_id=server.pk).found >= 10
    assert processes(mark) == []


def test_tool_that_is_gone_is_marked_and_comes_back(add_server, offer, user):
    server = add_server()
    offer(described("one"), described("two"))
    mcp_server_discover(server_id=server.pk)
    AvailableTool.objects.filter(mcp_server=server).update(is_public=True)
    UserTool.objects.create(user=user, tool_name="web__two")
    assert enabled(user, "web__two")

    offer(described("one"))
    assert mcp_server_discover(server_id=server.pk).gone == 1
    assert not enabled(user, "web__two")
    assert find_enabled(user.pk, "web__two") is None

    offer(described("one"), described("two"))
    mcp_server_discover(server_id=server.pk)
    assert enabled(user, "web__two")


def test_changed_schema_is_recorded_and_an_unchanged_one_is_not(add_server, offer):
    server = add_server()
    offer(described("one"))
    mcp_server_discover(server_id=server.pk)
    before = AuditEntry.objects.count()

    mcp_server_discover(server_id=server.pk)
    assert AuditEntry.objects.count() == before

    offer(described("one", input_schema={"type": "object", "properties": {}}))
    mcp_server_discover(server_id=server.pk)
    assert AuditEntry.objects.order_by("id").last().changes == {"input_schema": "changed"}


def test_what_an_administrator_decided_stays(add_server, offer):
    server = add_server()
    offer(described("one"))
    mcp_server_discover(server_id=server.pk)
    tool = AvailableTool.objects.get(tool_name="web__one")
    tool.is_public, tool.requires_approval, tool.display_name = True, True, "Mine"
    available_tool_save(tool=tool)

    offer(described("one", title="Theirs", description="New."))
    mcp_server_discover(server_id=server.pk)

    tool.refresh_from_db()
    assert (tool.is_public, tool.requires_approval, tool.display_name) == (True, True, "Mine")
    assert tool.description == "New."


def test_name_that_another_tool_has_is_left_alone(add_server, offer):
    taken = available_tool_save(tool=AvailableTool(tool_name="web__one", display_name="Ours"))
    server = add_server()
    offer(described("one"), described("two"))

    found = mcp_server_discover(server_id=server.pk)

    assert (found.found, found.added, found.refused) == (2, 1, 1)
    taken.refresh_from_db()
    assert (taken.display_name, taken.mcp_server) == ("Ours", None)


def test_server_that_is_switched_off_takes_its_tools_along(add_server, offer, user):
    server = add_server()
    offer(described("one"))
    mcp_server_discover(server_id=server.pk)
    UserTool.objects.create(user=user, tool_name="web__one")
    assert enabled(user, "web__one")

    McpServer.objects.update(is_active=False)

    assert not enabled(user, "web__one")
    assert find_enabled(user.pk, "web__one") is None
    assert discover_mcp_server(str(server.pk)) == 0


@pytest.mark.parametrize("code", ["unreachable", "timed_out", "http_401"])
def test_server_that_cannot_be_asked_keeps_its_tools(add_server, offer, monkeypatch, code):
    server = add_server()
    offer(described("one"))
    mcp_server_discover(server_id=server.pk)

    async def fail(server: McpServer) -> list[Described]:
        raise DiscoveryFailed(code)

    monkeypatch.setattr(discovery, "listed_tools", fail)
    assert mcp_server_discover(server_id=server.pk).error == code

    server.refresh_from_db()
    assert (server.discovery_outcome, server.discovery_error) == ("failed", code)
    assert AvailableTool.objects.get(tool_name="web__one").is_offered


def test_nobody_at_the_address(transactional_db, add_server):
    server = add_server(url=f"http://127.0.0.1:{free_ports(1)[0]}/mcp")

    assert mcp_server_discover(server_id=server.pk).error == "unreachable"


def test_private_address_is_not_asked(transactional_db, add_server, everything, settings):
    server = add_server(url=everything.url)
    settings.MCP_PRIVATE_ADDRESSES = []

    assert mcp_server_discover(server_id=server.pk).error == "address_refused"


async def test_server_that_hangs_costs_a_bounded_time(loopback):
    frozen = EverythingServer.start()
    try:
        frozen.freeze()
        started = time.monotonic()
        with pytest.raises(DiscoveryFailed, match="timed_out"):
            await listing.listed_tools(McpServer(slug="web", url=frozen.url), seconds=1)
        assert time.monotonic() - started < 8
    finally:
        frozen.kill()


def test_round_asks_each_active_server(add_server, monkeypatch):
    first, off, second = (add_server(slug) for slug in ("a", "b", "c"))
    McpServer.objects.filter(pk=off.pk).update(is_active=False)
    asked = []
    monkeypatch.setattr("controlplane.tools.tasks.request_discovery", asked.append)

    assert discover_mcp_servers() == 2
    assert asked == [first.pk, second.pk]


def test_context_describes_the_enabled_tools_alone(add_server, offer, user):
    server = add_server(headers={"Authorization": "Bearer secret"})
    offer(described("one"), described("two"))
    mcp_server_discover(server_id=server.pk)
    UserTool.objects.create(user=user, tool_name="web__two")

    context = effective_configuration(session=None, user_id=user.pk, wishes=Wishes()).context()

    assert context["remote_tools"] == [{"name": "web__two", "description": "Does it.", "parameters": SCHEMA}]
    assert "web__two" in context["enabled_tools"]
    assert "secret" not in str(context)


def test_descriptions_have_a_bounded_room(add_server, offer, monkeypatch):
    server = add_server()
    offer(*(described(f"tool{number}") for number in range(5)))
    mcp_server_discover(server_id=server.pk)
    names = [f"web__tool{number}" for number in range(5)]
    assert len(describe_remote_tools(names)) == 5

    monkeypatch.setattr(selection, "LARGEST_DESCRIPTIONS", 300)

    assert [tool["name"] for tool in describe_remote_tools(names)] == names[:2]
