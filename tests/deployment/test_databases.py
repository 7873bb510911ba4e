"""Databases that addresses promise are made, once, and belong to their roles alone."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from controlplane.embedded.databases import Addresses, make_databases
from controlplane.embedded.errors import StackError
from controlplane.embedded.postgres_server import programs, server_account
from tests.ports import free_ports


@pytest.fixture(scope="module")
def admin_url(server_folder: Path) -> Iterator[str]:
    """The administrator of a Postgres that was just made."""
    folder, port = server_folder / "bare-postgres", free_ports(1)[0]
    account = server_account()
    binaries = programs(account)
    folder.mkdir(mode=0o700)
    who = {"user": account.uid, "group": account.gid, "extra_groups": ()} if account else {}
    if account:
        subprocess.run(["chown", f"{account.uid}:{account.gid}", folder], check=True)
    (password := server_folder / "bare-password").write_text("admin-password")
    subprocess.run(
        [binaries / "initdb", "--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256",
         "--encoding=UTF8", "--locale=C", "--pgdata", folder],
        cwd="/", check=True, capture_output=True, **who,
    )  # fmt: skip
    server = subprocess.Popen(
        [binaries / "postgres", "-D", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
         "-c", "unix_socket_directories=", "-c", "fsync=off"],
        cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who,
    )  # fmt: skip
    url = f"postgresql://postgres:admin-password@127.0.0.1:{port}/postgres"
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(30)


def addresses(admin_url: str, *, password: str = "first p@ss/word") -> Addresses:
    place = admin_url.partition("@")[2].rpartition("/")[0]
    quoted = password.replace("@", "%40").replace("/", "%2F").replace(" ", "%20")
    urls = {
        name: f"{scheme}://{role}:{quoted}@{place}/{role}"
        for name, scheme, role in (
            ("database_url", "postgresql", "threadplane"),
            ("pg_checkpoint_uri", "postgresql", "langgraph"),
            ("pgvector_connection_string", "postgresql+psycopg", "vectors"),
        )
    }
    return Addresses(postgres_admin_url=admin_url, **urls)


def reached(address: str) -> psycopg.Connection:
    return psycopg.connect(address.replace("+psycopg", ""), autocommit=True, connect_timeout=5)


def test_databases_are_made_once_and_passwords_follow(admin_url):
    first = addresses(admin_url)
    assert make_databases(first) == ["threadplane", "langgraph", "vectors"]
    assert make_databases(first) == []

    later = addresses(admin_url, password="another")
    assert make_databases(later) == []
    with pytest.raises(psycopg.OperationalError):
        reached(first.database_url.get_secret_value())
    with reached(later.database_url.get_secret_value()) as own:
        own.execute("CREATE TABLE kept (id int)")
        own.execute("DROP TABLE kept")
    for address in (later.pg_checkpoint_uri, later.pgvector_connection_string):
        with reached(address.get_secret_value()) as own:
            assert own.execute("SELECT '[1,2]'::vector").fetchone() == ("[1,2]",)


def test_a_role_cannot_enter_the_database_of_another(admin_url):
    known = addresses(admin_url)
    make_databases(known)
    foreign = known.database_url.get_secret_value().rpartition("/")[0] + "/vectors"
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        reached(foreign)


@pytest.mark.parametrize(
    "address", ["postgresql://host/name", "postgresql://role@host/name", "postgresql://a:b@host"]
)
def test_an_address_that_says_too_little_is_named(admin_url, address):
    wrong = addresses(admin_url).model_copy(update={"database_url": addresses_secret(address)})
    with pytest.raises(StackError, match="DATABASE_URL"):
        make_databases(wrong)


def addresses_secret(value: str) -> object:
    return type(addresses("postgresql://a:b@c/d").database_url)(value)
