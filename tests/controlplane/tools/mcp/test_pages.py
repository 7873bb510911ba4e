"""MCP servers in the back office: headers go in and never out, and tools are asked for by hand."""

import pytest
from django.test import Client
from django.urls import reverse

from controlplane.tools.mcp import pages
from controlplane.tools.mcp.discovery import Discovery
from controlplane.tools.mcp.headers import open_headers
from controlplane.tools.models import AvailableTool, McpServer

SECRET = "Bearer a-very-secret-token"
CHANGELIST = reverse("admin:tools_mcpserver_changelist")


@pytest.fixture
def office(make_user) -> Client:
    client = Client()
    client.force_login(make_user("boss@example.com", is_staff=True, is_superuser=True))
    return client


def save(office: Client, server: McpServer, **changed: str):
    form = {
        "display_name": server.display_name,
        "transport": server.transport,
        "url": server.url,
        "is_active": "on",
        "call_timeout_seconds": "30",
        "tools-TOTAL_FORMS": "0",
        "tools-INITIAL_FORMS": "0",
        **changed,
    }
    return office.post(reverse("admin:tools_mcpserver_change", args=[server.pk]), form)


def test_page_shows_tools_and_names_of_headers_but_no_value(office, add_server):
    server = add_server(headers={"Authorization": SECRET})
    AvailableTool.objects.create(
        tool_name="web__echo", display_name="Echo", mcp_server=server, remote_name="echo"
    )

    page = office.get(reverse("admin:tools_mcpserver_change", args=[server.pk])).text

    assert "web__echo" in page
    assert "Authorization" in page
    assert SECRET not in page
    assert server.sealed_headers not in page


def test_refused_headers_are_not_shown_again_and_nothing_is_saved(office, add_server):
    server = add_server(headers={"Authorization": SECRET})

    page = save(office, server, headers='{"X-Key": "half-a-secret"', display_name="Other")

    assert page.status_code == 200
    assert "half-a-secret" not in page.text
    assert McpServer.objects.get().display_name == "Web"


def test_stored_headers_go_to_no_new_address(office, add_server):
    server = add_server(headers={"Authorization": SECRET})

    assert save(office, server, url="https://elsewhere.example.com/mcp").status_code == 200
    assert McpServer.objects.get().url == server.url

    assert save(office, server, url="https://elsewhere.example.com/mcp", headers="{}").status_code == 302
    server.refresh_from_db()
    assert (server.url, open_headers(server)) == ("https://elsewhere.example.com/mcp", {})


def test_servers_are_asked_by_hand(office, add_server, monkeypatch):
    server = add_server()
    asked = []

    def discover(*, server_id, actor_id):
        asked.append(server_id)
        return Discovery(found=3, added=1)

    monkeypatch.setattr(pages, "mcp_server_discover", discover)
    form = {"action": "discover", "_selected_action": [str(server.pk)]}

    page = office.post(CHANGELIST, form, follow=True)

    assert asked == [server.pk]
    assert "3 tools, 1 new, 0 gone, 0 refused" in page.text
