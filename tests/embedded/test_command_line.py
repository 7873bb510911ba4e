"""`python -m controlplane.embedded`, with real servers: signals, crashes, locks and what it says."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from controlplane.embedded.postgres_server import installed_programs
from controlplane.embedded.session import ECHO_SECONDS
from tests.embedded.processes import is_alive, user_of, wait_until
from tests.running_stack import ROOT, RunningStack, newcomer_environment

SERVERS = ("postgres", "valkey")


def command(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "controlplane.embedded", *arguments],
        cwd=ROOT, env=newcomer_environment(folder, **settings), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def cluster_state(folder: Path) -> str:
    """Return what Postgres' own tool says of the cluster."""
    report = subprocess.run(
        [installed_programs() / "pg_controldata", folder / "postgres"],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [line for line in report.stdout.splitlines() if "cluster state" in line]
    return line.partition(":")[2].strip()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_leaves_a_closed_database_and_no_process(tmp_path: Path, how: signal.Signals) -> None:
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    pids = stack.pids()
    assert set(pids) == set(SERVERS)
    assert all(map(is_alive, pids.values()))
    assert cluster_state(tmp_path / "data") == "in production"
    assert stack.stop(how=how) == 0
    assert not any(map(is_alive, pids.values()))
    assert cluster_state(tmp_path / "data") == "shut down"
    assert not stack.ready_file.exists()
    assert not (tmp_path / "data" / "state.json").exists()


def test_second_start_keeps_data_and_secrets(tmp_path: Path) -> None:
    first = RunningStack.start(tmp_path / "data", only=SERVERS)
    with psycopg.connect(first.environment["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert first.stop() == 0
    second = RunningStack.start(tmp_path / "data", only=SERVERS)
    with psycopg.connect(second.environment["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert second.stop() == 0
    for name in ("DJANGO_SECRET_KEY", "FERNET_KEYS", "CONTROL_PLANE_SECRET"):
        assert first.environment[name] == second.environment[name]


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=("valkey",))
    data = tmp_path / "data"
    private = [stack.ready_file, data / "state.json", data / "children.json", data / "valkey" / "valkey.conf"]
    modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in private}
    folder_mode = stat.S_IMODE((data / "secrets").stat().st_mode)
    command_line = Path(f"/proc/{stack.pids()['valkey']}/cmdline").read_text()
    assert stack.stop() == 0
    assert set(modes.values()) == {"0o600"}
    assert folder_mode == 0o700
    password = stack.environment["REDIS_URL"].partition("@")[0].rpartition(":")[2]
    assert len(password) > 20
    assert password not in command_line + stack.log.read_text()


@pytest.mark.parametrize("part", SERVERS)
def test_killed_server_comes_back(tmp_path: Path, part: str) -> None:
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    before = stack.pids()
    os.kill(before[part], signal.SIGKILL)
    wait_until(lambda: stack.pids()[part] != before[part])
    wait_until(lambda: stack.log.read_text().count("ready in") == 3)
    (other,) = set(SERVERS) - {part}
    assert stack.pids()[other] == before[other]
    assert "killed by SIGKILL; starting again" in stack.log.read_text()
    assert stack.stop() == 0
    assert cluster_state(tmp_path / "data") == "shut down"


def test_server_that_cannot_live_ends_the_stack_with_the_reason(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    pids = stack.pids()
    aof = next((tmp_path / "data" / "valkey" / "appendonlydir").glob("*.manifest"))
    aof.write_text("this is no manifest\n")
    os.kill(pids["valkey"], signal.SIGKILL)
    assert stack.process.wait(timeout=30) == 1
    said = stack.log.read_text()
    assert "threadplane: valkey: gave up after 5 deaths in a row" in said
    assert "manifest" in said.partition("gave up after")[2]
    assert not is_alive(pids["postgres"])
    assert cluster_state(tmp_path / "data") == "shut down"


def test_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = command(tmp_path, "run", "--only", "postgres,valkey", VALKEY_PORT=str(port))
    assert result.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken; valkey wanted it" in result.stderr
    assert "starting" not in result.stdout
    assert not (tmp_path / "postgres").exists()


def test_second_supervisor_says_that_one_runs_and_where(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=("valkey",), OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    pids = stack.pids()
    again = command(tmp_path / "data", "run", "--only", "valkey")
    status = command(tmp_path / "data", "status")
    assert again.returncode == 1
    assert f"a stack on {tmp_path / 'data'} runs already" in again.stderr
    assert "http://127.0.0.1:9/v1" in again.stderr
    assert status.returncode == 0
    assert "http://127.0.0.1:9/v1" in status.stdout
    assert stack.pids() == pids
    assert stack.stop() == 0
    assert command(tmp_path / "data", "status").returncode == 3


def test_killed_supervisor_leaves_nothing_that_the_next_one_cannot_handle(tmp_path: Path) -> None:
    killed = RunningStack.start(tmp_path / "data", only=SERVERS)
    orphans = killed.pids()
    # Deaf to the parting signal, so that the next supervisor finds it.
    os.kill(orphans["valkey"], signal.SIGSTOP)
    assert killed.stop(how=signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not is_alive(orphans["postgres"]))
    assert is_alive(orphans["valkey"])
    assert command(tmp_path / "data", "status").returncode == 3
    os.kill(orphans["valkey"], signal.SIGCONT)
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    assert not is_alive(orphans["valkey"])
    assert stack.stop() == 0
    assert cluster_state(tmp_path / "data") == "shut down"


def test_given_servers_are_not_started(tmp_path: Path) -> None:
    stack = RunningStack.start(
        tmp_path / "data",
        only=SERVERS,
        REDIS_URL="redis://127.0.0.1:9/0",
        DATABASE_URL="postgresql://x@127.0.0.1:9/a",
        PG_CHECKPOINT_URI="postgresql://x@127.0.0.1:9/b",
        PGVECTOR_CONNECTION_STRING="postgresql://x@127.0.0.1:9/c",
    )
    assert stack.pids() == {}
    assert stack.environment["REDIS_URL"] == "redis://127.0.0.1:9/0"
    assert stack.stop() == 0
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_runs_it_too(server_folder: Path) -> None:
    user = pwd.getpwnam("daemon")
    data = server_folder / "of-an-ordinary-user"
    data.mkdir()
    shutil.chown(data, user.pw_uid, user.pw_gid)
    process = subprocess.Popen(
        [
            "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
            # Where the interpreter lives in a closed home folder; it helps to read, and never to write.
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
            sys.executable, "-m", "controlplane.embedded", "run", "--only", "postgres,valkey",
            "--ready-file", data / "ready.json",
        ],
        cwd=ROOT, env={**newcomer_environment(data), "HOME": str(data)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: (data / "ready.json").exists() or process.poll() is not None, seconds=30)
    stack = RunningStack(process=process, environment={}, ready_file=data / "ready.json", log=data / "none")
    owners = {user_of(pid) for pid in stack.pids().values()}
    assert stack.stop() == 0
    assert owners == {user.pw_uid}
    assert cluster_state(data) == "shut down"


def test_second_signal_kills_at_once(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    pids = stack.pids()
    os.kill(pids["valkey"], signal.SIGSTOP)  # it cannot hear the polite request
    stack.process.send_signal(signal.SIGINT)
    wait_until(lambda: "once more to kill" in stack.log.read_text())
    asked = time.monotonic()
    wait_until(lambda: time.monotonic() > asked + 2 * ECHO_SECONDS)
    assert stack.stop(how=signal.SIGINT) == 0
    assert time.monotonic() - asked < 5
    assert not any(map(is_alive, pids.values()))


def test_one_signal_that_comes_twice_still_stops_cleanly(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=SERVERS)
    stack.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "once more to kill" in stack.log.read_text())
    assert stack.stop(how=signal.SIGTERM) == 0
    assert "killing everything" not in stack.log.read_text()
    assert cluster_state(tmp_path / "data") == "shut down"


def test_a_signal_that_echoes_to_the_very_end_changes_nothing(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=("valkey",))
    deadline = time.monotonic() + 20
    while stack.process.poll() is None and time.monotonic() < deadline:
        stack.process.send_signal(signal.SIGTERM)
        time.sleep(0.002)
    assert stack.process.returncode == 0


def test_demo_leaves_a_stack_alone_that_cannot_serve_it(tmp_path: Path) -> None:
    stack = RunningStack.start(tmp_path / "data", only=("valkey",))
    result = command(tmp_path / "data", "demo")
    assert result.returncode == 1
    assert "has no demo user or not every part: stop it first" in result.stderr
    assert is_alive(stack.pids()["valkey"])
    assert stack.stop() == 0


def test_wrong_setting_is_named_without_a_trace(tmp_path: Path) -> None:
    result = command(tmp_path, "run", "--only", "valkey", VALKEY_PORT="many")
    assert (result.returncode, result.stderr) == (
        1,
        "threadplane: VALKEY_PORT must be a port number, not 'many'\n",
    )


def test_unusable_data_folder_is_named_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = command(tmp_path / "data", "run", "--only", "valkey")
    assert result.returncode == 1
    assert result.stderr.startswith(f"threadplane: the data folder {tmp_path / 'data'} cannot be used")


def test_settings_may_come_from_a_file_and_the_shell_goes_first(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("POSTGRES_PORT=not-a-port\nVALKEY_PORT=neither\n")
    environment = newcomer_environment(tmp_path, THREADPLANE_ENV_FILE=str(file), POSTGRES_PORT="0")
    del environment["VALKEY_PORT"]
    result = subprocess.run(
        [sys.executable, "-m", "controlplane.embedded", "run", "--only", "valkey"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "VALKEY_PORT must be a port number, not 'neither'" in result.stderr
