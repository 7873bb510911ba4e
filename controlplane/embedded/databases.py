"""Makes what the addresses of databases promise: `python -m controlplane.embedded.databases`.

It comes before the migrations of a Postgres that somebody else runs. Each address names a role, its password
and its database; whoever `POSTGRES_ADMIN_URL` names makes them. Run again it makes what is missing and sets
the passwords anew.
"""

import os
import sys
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from controlplane.embedded.errors import StackError

CONNECT_SECONDS = 10
# Any number, the same for all: two that make databases at once go one after the other.
LOCK = 7_301_114_655
# Databases whose tables have vectors: an extension that only an administrator may make.
WITH_VECTORS = ("pg_checkpoint_uri", "pgvector_connection_string")


class Addresses(BaseSettings):
    """Where the databases are, and who may make them."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    postgres_admin_url: SecretStr
    database_url: SecretStr
    pg_checkpoint_uri: SecretStr
    pgvector_connection_string: SecretStr


def make_databases(addresses: Addresses) -> list[str]:
    """Make roles, databases and the extension; returns the names of databases that were made.

    Raises StackError for an address without role, password or database, psycopg's errors otherwise.
    """
    admin_url = addresses.postgres_admin_url.get_secret_value()
    made = []
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=CONNECT_SECONDS) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        for name in ("database_url", "pg_checkpoint_uri", "pgvector_connection_string"):
            role, password, database = _parts(name, getattr(addresses, name).get_secret_value())
            _make_role(admin, role, password)
            if _make_database(admin, database, role):
                made.append(database)
            if name in WITH_VECTORS:
                _make_extension(admin_url, database)
    return made


def _parts(name: str, address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    database = parts.path.removeprefix("/")
    if not (parts.username and parts.password and database):
        raise StackError(f"{name.upper()} has to name a role, its password and a database")
    return unquote(parts.username), unquote(parts.password), unquote(database)


def _make_role(admin: psycopg.Connection, role: str, password: str) -> None:
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    statement = "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
    admin.execute("SET log_statement = 'none'; SET log_min_error_statement = 'panic'")
    admin.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))


def _make_database(admin: psycopg.Connection, database: str, role: str) -> bool:
    name, owner = sql.Identifier(database), sql.Identifier(role)
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        return False
    # The owner of a database is one of whom the maker is a member.
    admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
    admin.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
    return True


def _make_extension(admin_url: str, database: str) -> None:
    with psycopg.connect(
        admin_url, dbname=database, autocommit=True, connect_timeout=CONNECT_SECONDS
    ) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


def main() -> int:
    """Make what is missing, say what was made, and return the exit code."""
    try:
        made = make_databases(Addresses(_secrets_dir=os.environ.get("SECRETS_FOLDER") or None))
    except (StackError, psycopg.Error) as error:
        print(f"threadplane: {error}", file=sys.stderr)
        return 1
    print(f"databases made: {', '.join(made) or 'none, all were there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
