"""A system of its own whose every secret is known: generated ones are read, the others are chosen here."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.controlplane.accounts.identity_provider import IdentityProvider, provider_of
from tests.end_to_end.api import eventually
from tests.end_to_end.canaries.hearing import Hearing
from tests.end_to_end.canaries.indiscreet_provider import IndiscreetProvider
from tests.end_to_end.canaries.letterbox import Letterbox
from tests.end_to_end.canaries.listening_proxy import ListeningProxy
from tests.ports import free_ports
from tests.running_stack import RunningStack

ADMIN = "admin@threadplane.local"
PERSON = {"sub": "42", "email": "grace@example.com", "email_verified": True, "name": "Grace"}
GENERATED = {
    "DJANGO_SECRET_KEY": "django-secret-key",
    "FERNET_KEYS": "fernet-key",
    "CONTROL_PLANE_SECRET": "control-plane-secret",
    "LG_WEBHOOK_SECRET": "webhook-secret",
    "database password": "database-password",
    "Valkey password": "valkey-password",
}


@dataclass(frozen=True)
class InhabitedSystem:
    """The stack and those it talks with, all of whom keep what they hear."""

    stack: RunningStack
    folder: Path
    url: str
    hearing: Hearing
    provider: IndiscreetProvider
    identity_provider: IdentityProvider
    letterbox: Letterbox
    proxy: ListeningProxy

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """Start everything, and end it again."""
        own, seen = free_ports(2)
        url = f"http://127.0.0.1:{own}"
        hearing, provider, letterbox = Hearing(), IndiscreetProvider(), Letterbox()
        proxy = ListeningProxy(url, port=seen)
        with provider_of(PERSON) as identity_provider:
            chosen = {
                "OPENAI_API_KEY": hearing.learn("house key", new_secret("sk-house")),
                "DEMO_PASSWORD": hearing.learn("administrator's password", new_secret("pw")),
                "EMAIL_PASSWORD": hearing.learn("EMAIL_PASSWORD", new_secret("mail")),
                "OIDC_CLIENT_SECRET": hearing.learn("OIDC_CLIENT_SECRET", new_secret("oidc")),
            }
            stack = RunningStack.start(
                folder,
                CONTROL_PLANE_PORT=str(own),
                CONTROL_PLANE_URL=proxy.url,
                ALLOWED_HOSTS="127.0.0.1,localhost",
                OPENAI_BASE_URL=provider.url,
                PROVIDER_BASE_URLS=json.dumps({"openai": [provider.url]}),
                PROVIDER_PRIVATE_ADDRESSES="127.0.0.0/8",
                DEFAULT_MODEL="gpt-4o-mini",
                DEMO_EMAIL=ADMIN,
                LOG_LEVEL="DEBUG",
                REGISTRATION="invitation",
                EMAIL_HOST="127.0.0.1",
                EMAIL_PORT=str(letterbox.port),
                EMAIL_TLS="none",
                EMAIL_USER="threadplane",
                OIDC_ISSUER=identity_provider.issuer,
                OIDC_CLIENT_ID="threadplane",
                **chosen,
            )
            system = cls(stack, folder, url, hearing, provider, identity_provider, letterbox, proxy)
            system._learn_generated()
            try:
                yield system
            finally:
                hearing.close()
                code = stack.stop()
                for server in (proxy, provider, letterbox):
                    server.stop()
            assert code == 0, stack.log.read_text(errors="replace")[-6000:]

    def _learn_generated(self) -> None:
        for name, file in GENERATED.items():
            self.hearing.learn(name, (self.folder / "secrets" / file).read_text().strip())
        pem = Path(self.stack.environment["JWT_SIGNING_KEY_FILE"]).read_bytes()
        self.hearing.learn("signing key, as in its file", "".join(pem.decode().splitlines()[1:-1]))
        key = load_pem_private_key(pem, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.hearing.learn("signing key, as a number", str(key.private_numbers().private_value))

    def query(self, statement: str, values: Any = (), *, database: str = "DATABASE_URL") -> list[Any]:
        """Run one statement in a database of the stack and return its rows."""
        with psycopg.connect(self.stack.environment[database]) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def wait_until_settled(self) -> None:
        """Wait until every run is over and on the bill."""
        eventually(
            lambda: self.query("SELECT count(*) FROM runs_run WHERE settled_at IS NULL")[0][0],
            lambda open_runs: open_runs == 0,
            within=90,
        )


def new_secret(kind: str) -> str:
    """Make up a secret that nothing else can look like."""
    return f"{kind}-{secrets.token_urlsafe(24)}"
