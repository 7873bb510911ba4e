"""Files, vectors and the store on the running system: what is not an endpoint can be reached for too."""

import uuid
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.end_to_end.accounts import Account
from tests.end_to_end.api import eventually
from tests.end_to_end.hands import bearer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

WHERE_IS_IT = "SELECT file FROM documents_userdocument WHERE id = %s"


@pytest.fixture
def owner(stack: RunningStack) -> Account:
    """Whose things they are."""
    return Account.new(stack)


@pytest.fixture
def other(stack: RunningStack) -> Account:
    """Who reaches for them."""
    return Account.new(stack)


@pytest.fixture
def agents(stack: RunningStack, owner: Account, other: Account) -> Iterator[dict[str, httpx.Client]]:
    """Both at the Agent Server."""
    clients = {}
    for name, account in (("owner", owner), ("other", other)):
        token = account.api.expect(200, "POST", "auth/agent-token/")["token"]
        clients[name] = httpx.Client(base_url=stack.agent_server_url, headers=bearer(token), timeout=30)
    yield clients
    for client in clients.values():
        client.close()


def test_files_are_nobody_elses_by_whatever_way(stack: RunningStack, owner: Account, other: Account) -> None:
    secret = f"secret-{uuid.uuid4()}"
    files = {"file": ("report.txt", secret.encode())}
    document = owner.api.expect(201, "POST", "documents/", files=files)["id"]
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        row = connection.execute(WHERE_IS_IT, (document,)).fetchone()
    assert row
    stored = row[0]
    mine = owner.api.http.get(f"documents/{document}/file/")
    assert (mine.status_code, mine.text) == (200, secret)
    tag = mine.headers.get("ETag", '"x"')

    path = f"/api/v1/documents/{document}/file/"
    asked = [
        ("GET", path, {}),
        ("HEAD", path, {}),
        ("GET", path, {"Range": "bytes=0-10"}),
        ("GET", path, {"If-None-Match": tag}),
        ("GET", path, {"If-None-Match": "*"}),
        ("GET", path, {"If-Range": tag, "Range": "bytes=1-"}),
        ("GET", path, {"If-Modified-Since": "Wed, 01 Jan 2031 00:00:00 GMT"}),
        ("GET", f"{path}../../{document}/file/", {}),
        ("GET", path.replace("/file/", "//file/"), {}),
        ("GET", path.upper().replace("/API/V1/DOCUMENTS", "/api/v1/documents"), {}),
        *(
            ("GET", f"{folder}{name}", {})
            for folder in (
                "/",
                "/static/",
                "/media/",
                "/documents/",
                "/static/../",
                "/static/..%2f",
                "/static/%2e%2e/",
            )
            for name in (stored, stored.partition("/")[2], f".data/documents/{stored}", "report.txt")
        ),
    ]
    with httpx.Client(base_url=stack.control_plane_url, timeout=30) as anybody:
        for hand in (bearer_of(other), {}):
            for method, address, headers in asked:
                answer = anybody.request(
                    method, httpx.URL(stack.control_plane_url + address), headers={**hand, **headers}
                )
                seen = (method, address, headers, answer.status_code)
                assert answer.status_code in {301, 302, 400, 401, 404}, seen
                assert secret not in answer.text, seen
                assert "ETag" not in answer.headers, seen
                assert "Content-Range" not in answer.headers, seen


def test_only_the_own_part_of_the_store_is_open(
    agents: dict[str, httpx.Client], owner: Account, other: Account, scripted_model: ScriptedModel
) -> None:
    secret, word = f"secret-{uuid.uuid4()}", f"store-{uuid.uuid4()}"
    scripted_model.reply(word, "Said.")
    own = ["users", owner.id, "notes"]
    put = {"namespace": own, "key": "k", "value": {"text": secret}}
    assert agents["owner"].put("/store/items", json=put).status_code == 204
    run = owner.api.say(owner.api.new_session(), word)["run_id"]

    tried = {}
    for namespace in _namespaces(owner.id, other.id, run):
        tried.update({f"{verb} {namespace}": _store(agents["other"], verb, namespace) for verb in VERBS})

    assert {
        name: answer.status_code
        for name, answer in tried.items()
        if answer.status_code not in {400, 403, 422}
    } == {}
    assert [name for name, answer in tried.items() if secret in answer.text] == []
    assert [name for name, answer in tried.items() if answer.status_code >= 500] == []
    listed = agents["other"].post(
        "/store/namespaces", json={"prefix": ["users", other.id], "suffix": ["notes"]}
    )
    assert listed.json()["namespaces"] == []
    kept = agents["owner"].post(
        "/store/items/search", json={"namespace_prefix": own, "filter": {"text": secret}}
    )
    assert [item["value"] for item in kept.json()["items"]] == [{"text": secret}]


VERBS = ("put", "get", "delete", "search", "filter", "namespaces", "namespaces by suffix")


def _namespaces(owner: str, other: str, run: str) -> list[list[str]]:
    """Others' own, the system's, and what might pass for one's own."""
    return [
        ["users", owner, "notes"],
        ["users", owner],
        ["users"],
        ["users", "*"],
        ["users", "%"],
        ["users", owner[:8]],
        ["users", other[:8]],
        ["users", other.upper()],
        ["users", f" {other}"],
        ["Users", other],
        [other],
        [],
        ["*"],
        ["usage"],
        ["usage", run],
        ["usage", "*"],
        ["summaries", owner],
    ]


def _store(http: httpx.Client, verb: str, namespace: list[str]) -> httpx.Response:
    item, search = {"namespace": namespace, "key": "k"}, {"namespace_prefix": namespace}
    method, path, body = {
        "put": ("PUT", "/store/items", {**item, "value": {"text": "stolen"}}),
        "get": ("GET", f"/store/items?namespace={'.'.join(namespace)}&key=k", None),
        "delete": ("DELETE", "/store/items", item),
        "search": ("POST", "/store/items/search", search),
        "filter": ("POST", "/store/items/search", {**search, "filter": {"text": {"$ne": ""}}}),
        "namespaces": ("POST", "/store/namespaces", {"prefix": namespace}),
        "namespaces by suffix": ("POST", "/store/namespaces", {"suffix": namespace}),
    }[verb]
    return http.request(method, path, json=body)


def test_vectors_belong_to_documents_of_the_user_they_name(stack: RunningStack, owner: Account) -> None:
    """Whatever other tests left: no row without an owner, and none under another one's document."""
    file = (f"{uuid.uuid4()}.txt", b"A word about tea.")
    document = owner.api.expect(201, "POST", "documents/", files={"file": file})["id"]

    found = eventually(
        lambda: _named_in_vectors(stack),
        lambda named: document in {row[0] for row in named} and named <= _documents(stack),
        within=60,
    )

    assert found <= _documents(stack)


def _named_in_vectors(stack: RunningStack) -> set[tuple[str, str]]:
    query = """
        SELECT DISTINCT row.cmetadata->>'document_id', row.cmetadata->>'user_id'
        FROM langchain_pg_embedding row JOIN langchain_pg_collection AS held ON held.uuid = row.collection_id
        UNION SELECT DISTINCT row.cmetadata->>'document_id', held.cmetadata->>'user_id'
        FROM langchain_pg_embedding row JOIN langchain_pg_collection AS held ON held.uuid = row.collection_id
    """
    address = stack.environment["PGVECTOR_CONNECTION_STRING"].replace("postgresql+psycopg", "postgresql", 1)
    with psycopg.connect(address) as connection:
        if not connection.execute("SELECT to_regclass('langchain_pg_embedding') IS NOT NULL").fetchone()[0]:  # type: ignore[index]  # one row
            return set()
        return set(connection.execute(query).fetchall())


def _documents(stack: RunningStack) -> set[tuple[str, str]]:
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        return set(
            connection.execute("SELECT id::text, user_id::text FROM documents_userdocument").fetchall()
        )


def bearer_of(account: Account) -> dict[str, str]:
    """The account's own headers."""
    return {"Authorization": account.api.http.headers["Authorization"]}
