"""MCP servers: what may be registered, how headers are kept, and what a call is told."""

import pytest
from django.core.exceptions import ValidationError

from controlplane.audit.models import AuditEntry
from controlplane.config.mcp_settings import McpProgram
from controlplane.errors import Conflict
from controlplane.tools.mcp.connection import connection_of
from controlplane.tools.mcp.headers import open_headers
from controlplane.tools.mcp.services import mcp_server_save, mcp_servers_remove
from controlplane.tools.models import AvailableTool, McpServer, UserTool
from controlplane.vault.box import seal

SECRET = "Bearer a-very-secret-token"


def tool_of(server: McpServer, **fields: object) -> AvailableTool:
    described = {"tool_name": f"{server.slug}__echo", "display_name": "Echo", "remote_name": "echo", **fields}
    return AvailableTool.objects.create(mcp_server=server, **described)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Upper"),
        ("slug", "two__bars"),
        ("slug", "ends_"),
        ("slug", "x" * 25),
        ("slug", "nul\0"),
        ("url", ""),
        ("url", "ftp://example.com/"),
        ("url", "https://user:password@example.com/"),
        ("url", "https://example.com/mcp?key=secret"),
        ("url", "https://example.com/\0"),
        ("url", "https://example.com/" + "x" * 2000),
        ("transport", "sse"),
        ("call_timeout_seconds", 0),
        ("call_timeout_seconds", 301),
    ],
)
def test_what_cannot_be_is_refused_by_field(add_server, field, value):
    with pytest.raises(ValidationError) as refusal:
        add_server(**{field: value})

    assert field in refusal.value.message_dict
    assert not McpServer.objects.exists()


def test_plain_http_is_refused_where_no_private_network_is_let_in(add_server, settings):
    settings.MCP_PRIVATE_ADDRESSES = []

    with pytest.raises(ValidationError):
        add_server(url="http://tools.example.com/mcp")


def test_program_is_one_of_the_settings_and_has_no_address(add_server, settings):
    settings.MCP_STDIO_SERVERS = {"local": McpProgram(command="server")}

    assert add_server("local", transport="stdio", url="").pk
    for slug, url in (("other", ""), ("local", "https://example.com/")):
        with pytest.raises(ValidationError):
            add_server(slug, transport="stdio", url=url)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere"},
        {"Mcp-Session-Id": "1"},
        {"X": "two\r\nlines"},
        {"X": ""},
        {"X": 1},
        {"X Y": "1"},
        {"X": "1", "x": "2"},
        {f"X-{number}": "1" for number in range(21)},
        {"X": "y" * 4001},
        ["X"],
    ],
    ids=["host", "protocol", "lines", "empty", "number", "space", "twice", "many", "long", "list"],
)
def test_headers_that_cannot_be_are_refused(add_server, headers):
    with pytest.raises(ValidationError):
        add_server(headers=headers)

    assert not McpServer.objects.exists()


def test_headers_are_sealed_and_only_their_names_are_told(add_server):
    server = add_server(headers={"Authorization": SECRET})

    server.refresh_from_db()
    assert SECRET not in str(McpServer.objects.values().get())
    assert server.header_names == ["Authorization"]
    assert open_headers(server) == {"Authorization": SECRET}
    assert SECRET not in str(list(AuditEntry.objects.values()))


def test_headers_stay_unless_they_are_given_and_the_change_is_recorded(add_server):
    server = add_server(headers={"Authorization": SECRET})
    server.display_name = "Other"
    mcp_server_save(server=server)
    assert open_headers(McpServer.objects.get()) == {"Authorization": SECRET}

    mcp_server_save(server=server, headers={})

    assert open_headers(McpServer.objects.get()) == {}
    changes = [entry.changes for entry in AuditEntry.objects.order_by("id")]
    assert changes == [{"exists": [False, True]}, {"display_name": ["Web", "Other"]}, {"headers": "changed"}]


def test_call_over_http_is_told_where_and_with_what(add_server):
    tool = tool_of(add_server(headers={"Authorization": SECRET}, call_timeout_seconds=9))

    assert connection_of(tool) == {
        "slug": "web",
        "transport": "streamable_http",
        "remote_name": "echo",
        "timeout_seconds": 9,
        "url": "https://tools.example.com/mcp",
        "headers": {"Authorization": SECRET},
        "private_networks": ["127.0.0.0/8"],
    }


def test_call_of_a_program_is_told_its_name_alone(add_server, settings):
    settings.MCP_STDIO_SERVERS = {"local": McpProgram(command="server", env={"KEY": SECRET})}
    tool = tool_of(add_server("local", transport="stdio", url=""))

    assert connection_of(tool) == {
        "slug": "local",
        "transport": "stdio",
        "remote_name": "echo",
        "timeout_seconds": 30,
    }
    assert SECRET not in repr(settings.MCP_STDIO_SERVERS)


def test_headers_that_nobody_can_read_stop_the_call(add_server, settings):
    tool = tool_of(add_server(headers={"Authorization": SECRET}))
    settings.FERNET_KEYS = ["Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE="]
    assert seal("x").token

    with pytest.raises(Conflict) as refusal:
        connection_of(tool)
    assert refusal.value.code == "tool_secrets_unreadable"


def test_server_goes_with_its_tools_and_what_users_counted_stays(add_server, user):
    server = add_server()
    tool = tool_of(server)
    UserTool.objects.create(user=user, tool_name=tool.tool_name, usage_count=3)

    mcp_servers_remove(servers=McpServer.objects.filter(pk=server.pk))

    assert not AvailableTool.objects.filter(tool_name=tool.tool_name).exists()
    kept = UserTool.objects.get()
    assert (kept.usage_count, kept.available_tool) == (3, None)
