"""Both planes of one system with a line in between that a test holds in its hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import redis

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api, eventually
from tests.end_to_end.bills import Bills
from tests.end_to_end.control_plane_line import WEBHOOKS, ControlPlaneLine
from tests.end_to_end.control_plane_processes import ControlPlaneProcesses
from tests.ports import free_ports
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

DATA_PLANE = ("postgres", "valkey", "migrate", "agent-server")


@dataclass(frozen=True)
class PlanesApart:
    """A system of its own, whose whole ledger can be compared with its model's whole journal."""

    stack: RunningStack
    line: ControlPlaneLine
    control_plane: ControlPlaneProcesses
    model: ScriptedModel
    bills: Bills
    control_plane_url: str

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """Start it, and end it with all its processes."""
        port = free_ports(1)[0]
        line, model = ControlPlaneLine(port), ScriptedModel.start(folder / "model")
        stack: RunningStack | None = None
        control_plane: ControlPlaneProcesses | None = None
        try:
            stack = RunningStack.start(
                folder / "stack",
                only=DATA_PLANE,
                CONTROL_PLANE_PORT=str(line.port),
                OPENAI_BASE_URL=model.url,
                OPENAI_API_KEY="sk-scripted",
                DEFAULT_MODEL="gpt-4o-mini",
                DEMO_EMAIL=DEMO_EMAIL,
                DEMO_PASSWORD=DEMO_PASSWORD,
                APPROVE_ACTIONS_AFTER_RETRIEVAL="true",
            )
            control_plane = ControlPlaneProcesses(stack.environment, folder, port=port)
            control_plane.start()
            bills = Bills(stack.environment, model)
            yield cls(stack, line, control_plane, model, bills, f"http://127.0.0.1:{port}")
        finally:
            if control_plane:
                control_plane.kill()
            if stack:
                stack.stop()
            model.stop()
            line.close()

    def secret(self, name: str) -> str:
        """Return a secret that both planes share."""
        return self.stack.environment[name]

    def post_webhook(self, body: str, *, secret: str | None = None) -> httpx.Response:
        """Send what the Agent Server might send; without a given secret with the right one."""
        given = self.secret("LG_WEBHOOK_SECRET") if secret is None else secret
        headers = {"Content-Type": "application/json", "X-Threadplane-Webhook": given}
        return httpx.post(f"{self.control_plane_url}{WEBHOOKS}", content=body, headers=headers)

    def wait_for_jobs_of(self, run_id: str) -> None:
        """Wait until no job of a run is queued or being done: the worker keeps each until it is over."""
        with redis.Redis.from_url(self.stack.environment["REDIS_URL"]) as queue:
            eventually(
                lambda: [*queue.lrange("threadplane", 0, -1), *queue.hvals("unacked")],
                lambda jobs: not any(run_id.encode() in job for job in jobs),
                within=30,
            )

    def signed_in(self) -> Api:
        """Sign in as the one user there is."""
        return Api.signed_in(self.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)

    @contextmanager
    def control_plane_dead(self) -> Iterator[None]:
        """Kill Django, the worker and beat; afterwards start them again."""
        try:
            with self.line.cut():
                self.control_plane.kill()
                yield
        finally:
            self.control_plane.start()
