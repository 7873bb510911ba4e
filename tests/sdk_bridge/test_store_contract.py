"""What holds on every server for items of the store, and for the threads of one owner."""

from uuid import UUID, uuid4

import httpx
import pytest

from sdk_bridge import AgentServer, Bridge, Refused
from sdk_bridge.agent_server import store
from sdk_bridge.memory import MemoryAgentServer
from tests.sdk_bridge.development_server import DevelopmentServer
from tests.sdk_bridge.static_identities import SERVICE


@pytest.fixture
def leave_item(request: pytest.FixtureRequest, agent_server: AgentServer):
    """Put an item where the server keeps them."""
    if isinstance(agent_server, MemoryAgentServer):

        async def put(*namespace: str, key: str) -> None:
            agent_server.leave_item(namespace, key, {"text": "x"})

        return put

    server: DevelopmentServer = request.getfixturevalue("development_server")

    async def put(*namespace: str, key: str) -> None:
        async with httpx.AsyncClient(base_url=server.url) as http:
            body = {"namespace": list(namespace), "key": key, "value": {"text": "x"}}
            headers = {"Authorization": f"Bearer {SERVICE}"}
            (await http.put("/store/items", json=body, headers=headers)).raise_for_status()

    return put


async def test_items_in_and_below_a_namespace_go_and_others_stay(
    service: Bridge, leave_item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAGE", 3)
    mine, other = str(uuid4()), str(uuid4())
    await leave_item("users", mine, key="a")
    for number in range(6):
        await leave_item("users", mine, "notes", key=str(number))
    await leave_item("users", other, key="b")

    assert await service.erase_items(("users", mine)) == 7
    assert await service.erase_items(("users", mine)) == 0
    assert await service.erase_items(("users", other)) == 1


async def test_users_may_not_erase_namespaces(alice: Bridge, service: Bridge, leave_item) -> None:
    mine = str(uuid4())
    await leave_item("users", mine, key="a")

    with pytest.raises(Refused):
        await alice.erase_items(("users", mine))
    assert await service.erase_items(("users", mine)) == 1


async def test_threads_are_found_by_their_owner(service: Bridge, alice: Bridge) -> None:
    owner, ids = uuid4(), {uuid4() for _ in range(3)}
    for thread_id in ids:
        await service.restore_thread(thread_id, owner_id=owner)
    await alice.create_thread(uuid4())
    found = await service.find_threads(owner)

    # The small auth module of these tests makes the service itself the owner on the real server.
    assert set(found) in (ids, set())
    assert len(await service.find_threads(owner, limit=2)) in (2, 0)
    assert await service.find_threads(UUID(int=1)) == ()
