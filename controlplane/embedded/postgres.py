"""Postgres as a part: a cluster of its own, reachable on loopback and with a password only."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from controlplane.embedded.errors import StackError
from controlplane.embedded.options import HOST
from controlplane.embedded.parts import Account, Part
from controlplane.embedded.postgres_server import programs, server_account

ROLE = "threadplane"
DATABASES = ("threadplane", "langgraph", "vectors")
SERVER_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Statements and rows that fail are full of what is kept; on the command line it holds for older clusters too.
QUIET = ("-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse")
ACCESS_RULES = f"host all all {HOST}/32 scram-sha-256\n"
FAST_SHUTDOWN = signal.SIGINT


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A database cluster on disk and the account that owns it."""

    folder: Path
    programs: Path
    account: Account | None
    environment: Mapping[str, str]

    @property
    def folder_argument(self) -> str:
        """The cluster's name for a process that works in it.

        Another user than ourselves goes by the working folder: it may not pass the folders above.
        """
        return "/proc/self/cwd" if self.account else str(self.folder)

    async def prepare(self, password: str) -> None:
        """Create the cluster unless it exists. A half-made one is thrown away and made again."""
        await asyncio.to_thread(self._prepare, password)

    def _prepare(self, password: str) -> None:
        if (self.folder / "PG_VERSION").exists():
            _remove_stale_pid_file(self.folder)
            return
        draft = self.folder.with_name(f"{self.folder.name}.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if self.account:
            os.chown(draft, self.account.uid, self.account.gid)
        making = Cluster(
            folder=draft, programs=self.programs, account=self.account, environment=self.environment
        )
        making.initialise(password)
        draft.rename(self.folder)

    def initialise(self, password: str) -> None:
        """Make the files of a new cluster; its administrator has no password and so cannot sign in at all."""
        self._run(
            "initdb", "--username=postgres", "--auth=scram-sha-256", "--auth-local=trust", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
            "--pgdata", self.folder_argument,
        )  # fmt: skip
        (self.folder / "pg_hba.conf").write_text(ACCESS_RULES)
        with (self.folder / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in SERVER_SETTINGS.items())
        roles = [f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'"]
        self._execute("postgres", roles + [f"CREATE DATABASE {name} OWNER {ROLE}" for name in DATABASES])
        # Of the latter, for the vectors of memories.
        for database in ("vectors", "langgraph"):
            self._execute(database, ["CREATE EXTENSION vector"])

    def _execute(self, database: str, statements: list[str]) -> None:
        # A server for one session, without network: nobody can come in between.
        script = "".join(f"{statement};\n" for statement in statements)
        self._run(
            "postgres", "--single", "-j", "-D", self.folder_argument, "-c", "exit_on_error=true",
            "-c", "log_statement=none", "-c", "log_min_error_statement=panic", database,
            script=script.replace("\n", "\n\n"),
        )  # fmt: skip

    def _run(self, program: str, *arguments: str, script: str = "") -> None:
        who = self.account
        result = subprocess.run(
            (self.programs / program, *arguments),
            input=script, capture_output=True, text=True, check=False,
            cwd=self.folder, env=dict(self.environment), user=who.uid if who else None,
            group=who.gid if who else None, extra_groups=() if who else None,
        )  # fmt: skip
        if result.returncode:
            raise StackError(
                f"{program} could not make the database in {self.folder}:\n{result.stderr[-2000:]}"
            )


def postgres_part(folder: Path, *, port: int, password: str, environment: Mapping[str, str]) -> Part:
    """Describe the Postgres that keeps its cluster in `folder`."""
    account = server_account()
    if account and sys.platform != "linux":
        raise StackError("as root the embedded Postgres runs on Linux only: start as an ordinary user")
    cluster = Cluster(folder=folder, programs=programs(account), account=account, environment=environment)

    async def prepare() -> None:
        await cluster.prepare(password)

    async def is_ready() -> bool:
        return await _accepts(address(port=port, password=password, database=DATABASES[0]))

    return Part(
        name="postgres",
        command=(
            str(cluster.programs / "postgres"),
            "-D",
            cluster.folder_argument,
            "-p",
            str(port),
            *QUIET,
        ),
        environment=environment,
        cwd=folder,
        account=account,
        prepare=prepare,
        is_ready=is_ready,
        stop_signal=FAST_SHUTDOWN,
        grace_seconds=30,
        ready_seconds=120,
    )


def address(*, port: int, password: str, database: str, scheme: str = "postgresql") -> str:
    """Return the URL of one of the databases."""
    return f"{scheme}://{ROLE}:{password}@{HOST}:{port}/{database}"


async def _accepts(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url, connect_timeout=5)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StackError("the database was made with another password: restore secrets/") from error
        return False
    await connection.close()
    return True


def _remove_stale_pid_file(cluster: Path) -> None:
    """Remove the mark of a server that is gone; after a crash its number may belong to another process.

    Whoever calls this holds the data folder, so a server of this cluster can only be a dying one.
    """
    mark = cluster / "postmaster.pid"
    try:
        pid = int(mark.read_text().split()[0])
        in_use = Path(f"/proc/{pid}/cwd").samefile(cluster)
    except (FileNotFoundError, PermissionError, ValueError, IndexError):
        in_use = False
    if not in_use and Path("/proc/self/cwd").exists():
        mark.unlink(missing_ok=True)
