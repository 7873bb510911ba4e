"""Servers that the environment names are looked for before anything starts."""

import asyncio

import pytest

from controlplane.embedded.errors import GivenServerSilent
from controlplane.embedded.given_servers import check_given_servers
from tests.ports import free_ports


async def test_every_silent_server_is_named_without_its_password() -> None:
    first, second = free_ports(2)
    urls = {
        "DATABASE_URL": f"postgres://user:secret-word@127.0.0.1:{first}/name",
        "REDIS_URL": f"redis://:secret-word@127.0.0.1:{second}/0",
    }
    with pytest.raises(GivenServerSilent) as raised:
        await check_given_servers(urls)
    lines = str(raised.value).splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        f"DATABASE_URL: nobody answers at 127.0.0.1:{first}",
        f"REDIS_URL: nobody answers at 127.0.0.1:{second}",
    ]
    assert "secret-word" not in str(raised.value)


async def test_a_server_that_answers_passes() -> None:
    greeted = asyncio.Event()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.set()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await check_given_servers({"REDIS_URL": f"redis://127.0.0.1:{port}/0"})
        await asyncio.wait_for(greeted.wait(), 5)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgres:///name?host=/run/postgresql", id="socket-file"),
        pytest.param("postgres://one:1,two:2/name", id="several-hosts"),
        pytest.param("unix:///run/redis.sock", id="redis-socket"),
    ],
)
async def test_addresses_without_one_host_are_left_to_the_parts(url: str) -> None:
    await check_given_servers({"DATABASE_URL": url})
