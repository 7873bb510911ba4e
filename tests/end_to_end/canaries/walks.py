"""Walks over all that can be read: REST by its own description, the Agent Server, and the back office."""

import json
import re
from collections.abc import Iterator

from tests.end_to_end.canaries.conversations import Traces
from tests.end_to_end.canaries.inhabited_system import InhabitedSystem
from tests.end_to_end.canaries.people import APP, People

Piece = tuple[str, bytes]
LINK = re.compile(r'href="(/admin/[^"#]*)"')
CHANGE = re.compile(r"^/admin/\w+/\w+/[^/?]+/change/")
LIST = re.compile(r"^/admin/\w+/\w+/$")
ROWS_OF_EACH = 2
READ_OR_NOT = (200, 403, 404)
HEADLESS = (
    "auth/session",
    "auth/sessions",
    "account/email",
    "account/providers",
    "account/authenticators",
    "config",
)


def rest_answers(system: InhabitedSystem, people: People, traces: Traces) -> Iterator[Piece]:
    """Read every address of the OpenAPI document that can be read, as the member and the administrator."""
    described = system.hearing.client(
        system.url, headers=people.office.headers, cookies=people.office.cookies
    )
    document = described.get("/api/v1/schema/", headers={"Accept": "application/json"})
    paths = json.loads(document.content)["paths"]
    addresses = [path for path, methods in paths.items() if "get" in methods]
    assert len(addresses) > 20
    for name, who in (("member", people.member), ("administrator", people.administrator)):
        for address in addresses:
            path = re.sub(r"{(\w+)}", lambda found: traces.ids.get(found[1], "1"), address)
            answer = who.get(path, params={"q": "hello"})
            # What is not there for one of them is for the other.
            assert answer.status_code in READ_OR_NOT, f"{path}: {answer.status_code}"
            yield f"{name}: GET {address} {answer.status_code}", str(answer.headers).encode() + answer.content
        for address in HEADLESS:
            answer = who.get(f"{APP}{address}")
            yield f"{name}: GET {address} {answer.status_code}", answer.content


def agent_server_answers(people: People, traces: Traces) -> Iterator[Piece]:
    """Read everything of the member's threads, and the server's own pages."""
    agent = people.agent
    requests = [("GET", path, None) for path in ("/info", "/ok", "/openapi.json", "/docs", "/metrics")]
    requests += [
        ("POST", f"/{kind}/search", {"limit": 100}) for kind in ("threads", "assistants", "runs/crons")
    ]
    requests += [
        ("POST", "/store/items/search", {"namespace_prefix": ["users", people.member_id]}),
        ("POST", "/store/namespaces", {"prefix": ["users", people.member_id]}),
    ]
    for thread in traces.threads:
        requests += [
            ("GET", f"/threads/{thread}{rest}", None) for rest in ("", "/state", "/history", "/runs")
        ]
    for method, path, body in requests:
        answer = agent.request(method, path, json=body)
        yield f"{method} {path} {answer.status_code}", str(answer.headers).encode() + answer.content
        if path.endswith("/runs") and answer.is_success:
            for run in answer.json():
                one = agent.get(f"{path}/{run['run_id']}")
                yield f"GET {path}/… {one.status_code}", one.content
                joined = agent.get(f"{path}/{run['run_id']}/join")
                yield f"GET {path}/…/join {joined.status_code}", joined.content


def admin_pages(people: People) -> Iterator[Piece]:
    """Open every list of the back office, its form for new rows, and the first rows of each."""
    first = people.office.get("/admin/")
    yield "/admin/", first.content
    lists = sorted({link for link in LINK.findall(first.text) if LIST.match(link)})
    assert len(lists) > 10, lists
    for address in lists:
        page = people.office.get(address)
        assert page.is_success, f"{address}: {page.status_code}"
        yield f"{address} {page.status_code}", page.content
        rows = sorted({link for link in LINK.findall(page.text) if CHANGE.match(link)})
        for link in rows[:ROWS_OF_EACH]:
            opened = people.office.get(link)
            assert opened.is_success, f"{link}: {opened.status_code}"
            yield f"{link} {opened.status_code}", opened.content
