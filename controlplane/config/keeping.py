"""What is kept where, how much of it and for how long: a part of the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class KeepingEnvironment(BaseSettings):
    """The settings of documents and their vectors, exports, retention, deletion and drift."""

    export_kept_days: int = Field(
        default=7, ge=1, le=365, description="Days for which the file of an account's export can be fetched"
    )
    retention_archive_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Days without use after which sessions are archived; empty: never",
    )
    retention_delete_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Days after which sessions archived that way are deleted; empty: never",
    )
    drift_check_seconds: int = Field(
        default=3600,
        ge=60,
        le=604_800,
        description="Seconds between two comparisons of sessions with threads",
    )

    documents_folder: Path = Field(
        default=Path(".data/documents"),
        description="Folder of users' documents; a relative one is below the project",
    )
    documents_s3_bucket: str = Field(
        default="", description="Bucket of users' documents in place of the folder; empty: the folder"
    )
    documents_s3_endpoint: str = Field(
        default="", description="Address of a server that speaks S3's protocol; empty: the provider's own"
    )
    documents_s3_region: str = Field(default="", description="Region of the bucket")
    documents_s3_access_key: str = Field(
        default="", description="Access key of the bucket; empty: what the machine's own role may do"
    )
    documents_s3_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key that belongs to it"
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
