"""Accounts of their own for tests that count, and the clients that work for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import Api
from tests.end_to_end.clients import Client, DirectClient, PythonClient, RestClient
from tests.end_to_end.hands import new_account
from tests.end_to_end.javascript_client import JavaScriptClient
from tests.running_stack import RunningStack

DIRECT: dict[str, type[PythonClient | JavaScriptClient]] = {
    "python-sdk": PythonClient,
    "javascript-sdk": JavaScriptClient,
}
CLIENTS = ("rest", *DIRECT)


@dataclass(frozen=True)
class Account:
    """A user who has done nothing yet, signed in."""

    id: str
    api: Api

    @classmethod
    def new(cls, stack: RunningStack) -> Self:
        """Make an account, with the demo user's password."""
        account = new_account(stack)
        email = f"{account}@threadplane.local"
        return cls(account, Api.signed_in(stack.control_plane_url, email, DEMO_PASSWORD))

    @contextmanager
    def client(self, kind: str) -> Iterator[Client]:
        """Talk through REST or one of the SDKs."""
        if kind == "rest":
            yield RestClient(self.api)
            return
        with self.direct_client(kind) as client:
            yield client

    @contextmanager
    def direct_client(self, kind: str) -> Iterator[DirectClient]:
        """Talk with the Agent Server, given no more than what REST tells for that."""
        access = self.api.expect(200, "POST", "auth/agent-token/")
        client = DIRECT[kind](access["agent_url"], access["token"])
        try:
            yield client
        finally:
            client.close()
