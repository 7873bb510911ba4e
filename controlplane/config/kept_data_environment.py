"""What the control plane is told about users' data beside its database: documents, vectors, deletions."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class KeptDataEnvironment(BaseSettings):
    """The part of the environment that says where such data is, how much it may be, and how it goes."""

    documents_folder: Path = Field(
        default=Path(".data/documents"),
        description="Folder of users' documents; a relative one is below the project",
    )
    max_document_size_mb: int = Field(
        default=20, ge=1, le=1000, description="Megabytes of one document, at most"
    )
    max_storage_mb_per_user: int = Field(
        default=500, ge=1, description="Megabytes of all documents of one user, at most"
    )

    pgvector_connection_string: SecretStr | None = Field(
        default=None,
        description="Postgres with pgvector, for document embeddings: "
        "postgresql+psycopg://user:password@host:port/name",
    )

    deletion_journal: Path | None = Field(
        default=None,
        description="File outside of the databases that lists what was deleted, by ids; empty: none is kept",
    )
    deletion_second_look_seconds: int = Field(
        default=60,
        ge=1,
        le=86_400,
        description="Seconds after which a deletion looks again for what was written meanwhile",
    )
