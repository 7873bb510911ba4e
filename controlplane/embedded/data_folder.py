"""The folder that holds everything the stack keeps, the lock that gives it one owner, and its state file."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.embedded.errors import AlreadyRunning, StackError


@dataclass(frozen=True)
class DataFolder:
    """Names of what lies below the data folder."""

    root: Path

    @property
    def secrets(self) -> Path:
        """Generated secrets; 0700."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """One log file per part; 0700."""
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        """The database cluster; owned by the account that Postgres runs as."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's configuration and append-only file."""
        return self.root / "valkey"

    @property
    def agent_server(self) -> Path:
        """Where the Agent Server runs: it keeps its own files in its working folder."""
        return self.root / "agent-server"

    @property
    def celery_beat(self) -> Path:
        """What beat remembers of its schedule."""
        return self.root / "celery-beat"

    @property
    def documents(self) -> Path:
        """Users' documents; 0700."""
        return self.root / "documents"

    @property
    def deletion_journal(self) -> Path:
        """What was deleted, by ids: outside of the databases, whose backups know nothing of it."""
        return self.root / "deletions.jsonl"

    @property
    def state_file(self) -> Path:
        """Addresses and demo login of the running stack."""
        return self.root / "state.json"

    @property
    def children_file(self) -> Path:
        """Processes of the running supervisor, for the case that it is killed."""
        return self.root / "children.json"

    def create(self) -> None:
        """Make the folders. One that exists keeps its mode, and parents are never touched."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            private = (
                self.secrets,
                self.logs,
                self.valkey,
                self.agent_server,
                self.celery_beat,
                self.documents,
            )
            for folder in private:
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(f"the data folder {self.root} cannot be used: {error}") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder's lock for as long as the block runs.

        The lock dies with the process. Raises AlreadyRunning with the addresses of the stack that has it.
        """
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning(self._who_runs()) from error
            yield

    def is_held(self) -> bool:
        """Tell whether a supervisor runs on this folder."""
        try:
            with (self.root / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def read_state(self) -> dict[str, Any]:
        """Return what the last stack wrote of itself; believe it only while the folder is held."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return state

    def _who_runs(self) -> str:
        addresses: Mapping[str, str] = self.read_state().get("addresses", {})
        where = "".join(f"\n  {name:<14} {address}" for name, address in addresses.items())
        return f"a stack on {self.root} runs already" + (f":{where}" if where else " (it is still starting)")


def write_private_json(path: Path, content: Mapping[str, Any] | list[Any]) -> None:
    """Replace a file as a whole by one that only its owner reads."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=1)
    Path(name).replace(path)
