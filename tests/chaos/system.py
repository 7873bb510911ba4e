"""The whole system as a storm needs it: a model whose journal survives, and a line that loses webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from tests.chaos.script import write_script
from tests.chaos.unreliable_line import UnreliableLine
from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.ports import free_ports
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel


@dataclass(frozen=True)
class ShakenSystem:
    """All parts under a supervisor that starts them again; `url` is the control plane's own address."""

    stack: RunningStack
    line: UnreliableLine
    model: ScriptedModel
    url: str

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, seed: int) -> Iterator[Self]:
        """Start it on loopback, and end it with all its processes."""
        (port,) = free_ports(1)
        line, model = UnreliableLine(port, seed=seed), ScriptedModel.start(folder / "model")
        stack: RunningStack | None = None
        try:
            write_script(model)
            stack = RunningStack.start(
                folder / "stack",
                CONTROL_PLANE_PORT=str(port),
                CONTROL_PLANE_URL=f"http://127.0.0.1:{line.port}",
                OPENAI_BASE_URL=model.url,
                OPENAI_API_KEY="sk-scripted",
                DEFAULT_MODEL="gpt-4o-mini",
                DEMO_EMAIL=DEMO_EMAIL,
                DEMO_PASSWORD=DEMO_PASSWORD,
            )
            yield cls(stack, line, model, f"http://127.0.0.1:{port}")
        finally:
            if stack:
                stack.stop()
            model.stop()
            line.close()

    def require_supervised(self) -> None:
        """Fail when the supervisor has given up."""
        if (code := self.stack.process.poll()) is not None:
            tail = self.stack.log.read_text(errors="replace")[-6000:]
            raise AssertionError(f"the supervisor ended with {code}:\n{tail}")

    def rows(self, query: str, *values: object, of: str = "DATABASE_URL") -> list[dict[str, Any]]:
        """Read from one of the databases."""
        with psycopg.connect(self.stack.environment[of], row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()
