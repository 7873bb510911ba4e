"""The system as `langgraph up` runs it: its settings, its containers, and what a client needs to reach it."""

import json
import secrets
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.containers.engine import CommandFailed, Engine
from tests.containers.images import GRAPH_IMAGE
from tests.ports import free_ports
from tests.running_stack import ROOT

LONGEST_START = 600
ONCE = {"databases", "migrations"}
SERVICES = {
    "langgraph-postgres", "langgraph-redis", "langgraph-api",
    "controlplane", "worker", "beat", "proxy", "model",
}  # fmt: skip
EMAIL = "demo@threadplane.local"


@dataclass
class System:
    """The project's clone and its containers; `origin` is where both planes are served."""

    engine: Engine
    project: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    origin: str = ""
    api_port: int = 0

    @property
    def name(self) -> str:
        """What Compose calls the project."""
        return self.project.name

    @property
    def authority(self) -> Path:
        """The certificate of the proxy's own authority."""
        return self.engine.folder / "authority.pem"

    def configure(self) -> None:
        """Make the secrets, and an .env as an operator of a trial writes it."""
        http_port, https_port, self.api_port = free_ports(3)
        self.origin = f"https://localhost:{https_port}"
        lines = {
            "COMPOSE_PROFILES": "local-models",
            "SITE_ORIGIN": self.origin,
            "HTTP_PORT": http_port,
            "HTTPS_PORT": https_port,
            "OPENAI_BASE_URL": "http://model:8124/v1",
            "DEFAULT_MODEL": "smollm2-135m-instruct",
            "EMBEDDING_MODEL": "all-minilm-l6-v2",
            "EMBEDDING_DIMENSIONS": 384,
            "DEMO_EMAIL": EMAIL,
            "DEMO_PASSWORD": self.password,
        }
        (self.project / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        self.engine.call(
            ROOT / ".venv/bin/python", "-m", "controlplane.embedded", "secrets",
            cwd=self.project, PYTHONPATH=self.project,
        )  # fmt: skip

    def up(self) -> None:
        """Start everything and wait until it is healthy, then make the demo user."""
        self.engine.call(
            ROOT / ".venv/bin/langgraph", "up", "--image", GRAPH_IMAGE, "-d", "docker-compose.yml",
            "--port", str(self.api_port), "--no-pull", "--wait",
            cwd=self.project, timeout=LONGEST_START,
        )  # fmt: skip
        self.wait_until_healthy()
        self.exec("controlplane", "python", "-m", "controlplane.manage", "create_demo_user")
        root = "/data/caddy/pki/authorities/local/root.crt"
        self.authority.write_text(self.exec("proxy", "cat", root))

    def down(self) -> None:
        """Remove the containers and leave what they keep."""
        self.engine.run("compose", "--project-name", self.name, "down", "--timeout", "90")

    def exec(self, service: str, *command: str) -> str:
        """Run a command in a service's container."""
        return self.engine.run("exec", self.container(service), *command)

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        found = self.engine.run(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}",
            "--filter", f"label=com.docker.compose.service={service}",
        )  # fmt: skip
        return found.split()[0]

    def states(self) -> dict[str, str]:
        """Say of each service how its container is: its health, or how it ended."""
        ids = self.engine.run(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}"
        ).split()
        found = {}
        for one in json.loads(self.engine.run("inspect", *ids)) if ids else []:
            state = one["State"]
            service = one["Config"]["Labels"]["com.docker.compose.service"]
            ended = f"exit {state['ExitCode']}" if state["Status"] == "exited" else state["Status"]
            found[service] = state.get("Health", {}).get("Status", ended) if state["Running"] else ended
        return found

    def wait_until_healthy(self) -> None:
        """Wait until every service is, and those that run once have ended well. Raises CommandFailed."""
        wanted = dict.fromkeys(SERVICES, "healthy") | dict.fromkeys(ONCE, "exit 0")
        deadline = time.monotonic() + LONGEST_START
        while (states := self.states()) != wanted:
            if time.monotonic() > deadline:
                raise CommandFailed(f"not all services are healthy: {states}")
            time.sleep(2)

    def health(self) -> str:
        """Sum up how the services are."""
        states = self.states()
        healthy = sum(state == "healthy" for state in states.values())
        ended = sum(state == "exit 0" for state in states.values())
        return f"{healthy} services healthy, {ended} ended well"

    def client(self) -> httpx.Client:
        """Return a client that trusts the proxy and is signed in as the demo user."""
        trusted = ssl.create_default_context(cafile=str(self.authority))
        client = httpx.Client(base_url=f"{self.origin}/api/v1/", verify=trusted, timeout=120)
        tokens = answer(
            client.post("auth/token/", json={"email": EMAIL, "password": self.password}), status=200
        )
        client.headers["Authorization"] = f"Bearer {tokens['access']}"
        return client

    def keep_logs(self, folder: Path) -> None:
        """Write each service's log into a file of its own."""
        for service in sorted(self.states()):
            said = self.engine.run("logs", "--timestamps", self.container(service))
            (folder / f"{service}.log").write_text(said)


def answer(response: httpx.Response, *, status: int) -> Any:
    """Return the JSON of an answer; fails on another status."""
    assert response.status_code == status, (
        f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
    )
    return response.json() if response.content else None
