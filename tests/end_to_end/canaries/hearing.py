"""Clients that keep every answer they get, and know which secrets an answer is there to hand out."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.end_to_end.canaries.finder import Canary


@dataclass
class Answer:
    """One answer, its headers included; `gives` names the secrets that it is there to hand out."""

    label: str
    status: int
    content: bytes = field(repr=False)
    gives: set[str] = field(default_factory=set)

    @property
    def is_error(self) -> bool:
        """Whether it refuses or fails."""
        return self.status >= httpx.codes.BAD_REQUEST


@dataclass
class Hearing:
    """All answers, and all secrets with the proof that each is in use."""

    answers: list[Answer] = field(default_factory=list)
    canaries: dict[str, Canary] = field(default_factory=dict, repr=False)
    proofs: dict[str, str] = field(default_factory=dict)
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, base_url: str, **options: Any) -> httpx.Client:
        """Make a client whose answers are kept; what it sends is its caller's own."""
        client = httpx.Client(
            base_url=base_url,
            timeout=60,
            trust_env=False,
            event_hooks={"response": [self._keep]},
            **options,
        )
        self.clients.append(client)
        return client

    def close(self) -> None:
        """Close all clients."""
        for client in self.clients:
            client.close()

    def learn(self, name: str, text: str, *, given: bool = False) -> str:
        """Take a secret in; a given one was handed out by the newest answer. Returns its text."""
        assert text, f"{name} is empty"
        assert name not in self.canaries, f"{name} is known"
        self.canaries[name] = Canary(name, text)
        if given:
            self.answers[-1].gives.add(name)
        return text

    def prove(self, name: str, how: str, *, holds: object = True) -> None:
        """Note how a secret was seen in use."""
        assert holds, f"{name} is not in use: {how}"
        self.proofs[name] = how

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        label = f"{request.method} {request.url.path} {response.status_code} (no. {len(self.answers)})"
        headers = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        self.answers.append(Answer(label, response.status_code, headers + b"\n\n" + response.content))


def signature(token: str) -> str:
    """Give the part of a signed token without which the rest is worth nothing, and which no other has."""
    return token.rpartition(".")[2]
