"""Which settings each part starts with: allow-lists, so that none gets a secret that is not its own."""

import json
from collections.abc import Iterable, Mapping

from controlplane.embedded import postgres, valkey
from controlplane.embedded.credentials import Credentials
from controlplane.embedded.options import HOST, PROJECT_ROOT, Ports

CHAT_MODEL = "smollm2-135m-instruct"
EMBEDDING_MODEL = "all-minilm-l6-v2"
EMBEDDING_DIMENSIONS = "384"
DEMO_EMAIL = "demo@threadplane.local"

POSTGRES_URLS = ("DATABASE_URL", "PG_CHECKPOINT_URI", "PGVECTOR_CONNECTION_STRING")
SYSTEM_BASICS = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip
# What a person may set about Django; the stack has no opinion of its own on these.
PASSED_TO_DJANGO = (
    "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HTTPS_ONLY", "DJANGO_DEBUG", "LOG_LEVEL", "LOG_FORMAT",
    "TIME_ZONE", "DATABASE_POOL_SIZE", "DATABASE_STATEMENT_TIMEOUT_MS", "LANGGRAPH_PUBLIC_URL",
    "ALLOW_STUDIO_USER", "STUDIO_URL",
    "DEFAULT_MODEL", "DEFAULT_TEMPERATURE", "DEFAULT_MAX_TOKENS", "DEFAULT_SYSTEM_PROMPT", "MODEL_PRICES",
    "APPROVAL_EXPIRES_HOURS", "APPROVE_ACTIONS_AFTER_RETRIEVAL",
    "DEFAULT_ENABLED_TOOLS", "MESSAGE_SEARCH", "PROVIDER_BASE_URLS", "PROVIDER_PRIVATE_ADDRESSES",
    "EMBEDDING_MODEL", "WEB_SEARCH", "TAVILY_API_KEY", "TAVILY_BASE_URL",
    "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "MISTRAL_API_KEY", "MISTRAL_BASE_URL",
    "MCP_STDIO_SERVERS", "MCP_PRIVATE_ADDRESSES",
    "AUTO_TITLES", "SUMMARIZATION_MODEL",
    "DAILY_MESSAGE_LIMIT", "DAILY_TOKEN_LIMIT", "DAILY_COST_LIMIT",
    "MONTHLY_MESSAGE_LIMIT", "MONTHLY_TOKEN_LIMIT", "MONTHLY_COST_LIMIT", "UNPRICED_MODELS_ARE_FREE",
    "EXPORT_KEPT_DAYS", "RETENTION_ARCHIVE_DAYS", "RETENTION_DELETE_DAYS", "DRIFT_CHECK_SECONDS",
    "DELETION_JOURNAL", "DELETION_SECOND_LOOK_SECONDS", "DOCUMENTS_FOLDER",
    "DOCUMENTS_S3_BUCKET", "DOCUMENTS_S3_ENDPOINT", "DOCUMENTS_S3_REGION", "DOCUMENTS_S3_ACCESS_KEY",
    "DOCUMENTS_S3_SECRET_KEY",
    "MAX_DOCUMENT_SIZE_MB", "MAX_STORAGE_MB_PER_USER",
    "FIRST_ADMIN_EMAIL", "FIRST_ADMIN_PASSWORD", "METRICS_TOKEN",
    "REGISTRATION", "FRONTEND_URL", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_USER", "EMAIL_PASSWORD", "EMAIL_TLS",
    "EMAIL_FROM", "OIDC_NAME", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET",
    "THROTTLE_USER", "THROTTLE_ADDRESS", "THROTTLE_SIGN_IN", "THROTTLE_ACCOUNT",
)  # fmt: skip
PASSED_TO_AGENT_SERVER = (
    "ALLOW_STUDIO_USER", "LANGSMITH_TRACING", "LANGSMITH_API_KEY", "MODEL_IDLE_TIMEOUT_SECONDS",
    "MODEL_CALL_TIMEOUT_SECONDS", "MODEL_ATTEMPTS", "MODEL_RETRY_SECONDS", "PG_CHECKPOINT_POOL_SIZE",
    "CHECKPOINT_PRUNE_AFTER_SECONDS", "CORS_CONFIG", "MCP_STDIO_SERVERS",
    "TOOL_CALL_TIMEOUT_SECONDS", "MOST_TOOL_ROUNDS", "MOST_TOOL_CALLS_PER_ROUND", "FETCH_PRIVATE_ADDRESSES",
    "EMBEDDING_DIMENSIONS",
)  # fmt: skip
DJANGO_SETTINGS = (
    "DATABASE_URL", "REDIS_URL", "PGVECTOR_CONNECTION_STRING", "LANGGRAPH_URL", "CONTROL_PLANE_URL",
    "CONTROL_PLANE_SECRET", "LG_WEBHOOK_SECRET", "JWT_SIGNING_KEY_FILE", "AGENT_JWKS_FILE", "FERNET_KEYS",
    "DJANGO_SECRET_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY", "EMBEDDINGS_BASE_URL", *PASSED_TO_DJANGO,
)  # fmt: skip
DEMO_SETTINGS = ("DEMO_EMAIL", "DEMO_PASSWORD")
AGENT_SERVER_SETTINGS = (
    "CONTROL_PLANE_URL", "CONTROL_PLANE_SECRET", "LG_WEBHOOK_SECRET", "AGENT_JWKS_FILE", "PG_CHECKPOINT_URI",
    "LANGGRAPH_CLI_NO_ANALYTICS", "LANGGRAPH_NO_VERSION_CHECK", "LOG_COLOR", *PASSED_TO_AGENT_SERVER,
)  # fmt: skip
MODEL_SETTINGS = ("MODEL_PORT", "OPENAI_API_KEY")
# Another one than our own where a proxy stands between the planes.
CONTROL_PLANE_ADDRESS = "CONTROL_PLANE_URL"


def without_empty(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is set to nothing, as most lines of a copied `.env.example` are."""
    return {name: value for name, value in environ.items() if value}


def system_basics(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every process needs of the user's environment; loopback never goes through a proxy."""
    basics = _pick(SYSTEM_BASICS, environ)
    direct = ",".join(filter(None, (environ.get("NO_PROXY") or environ.get("no_proxy"), HOST, "localhost")))
    return {**basics, "NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"}


def stack_settings(
    parts: Iterable[str], *, ports: Ports, credentials: Credentials, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return all settings of a stack that runs these parts.

    Addresses of servers that are neither run nor given are left out.
    """
    names = tuple(parts)
    settings = _fixed(ports, credentials) | _pick((CONTROL_PLANE_ADDRESS,), environ)
    settings |= _pick((*PASSED_TO_DJANGO, *PASSED_TO_AGENT_SERVER), environ)
    if "postgres" in names:
        settings |= _postgres_addresses(ports, credentials)
    if "valkey" in names:
        settings["REDIS_URL"] = valkey.address(port=ports.valkey, password=credentials.valkey_password)
    if "model" in names:
        settings = {**_prices_of_embedded_models(), **settings, **_embedded_model(ports)}
    settings |= _pick((*POSTGRES_URLS, "REDIS_URL", "OPENAI_BASE_URL"), environ)
    # A key that was meant for somebody else's server does not go to the embedded one.
    given_key = None if "model" in names else environ.get("OPENAI_API_KEY")
    settings["OPENAI_API_KEY"] = given_key or credentials.model_key
    if "OPENAI_BASE_URL" in settings:
        settings["EMBEDDINGS_BASE_URL"] = environ.get("EMBEDDINGS_BASE_URL") or settings["OPENAI_BASE_URL"]
    if email := environ.get("DEMO_EMAIL"):
        settings["DEMO_EMAIL"] = email
        settings["DEMO_PASSWORD"] = environ.get("DEMO_PASSWORD") or credentials.demo_password
    return settings


def part_environment(
    names: Iterable[str], settings: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of a part: the system's basics and the settings it may see."""
    return {**system_basics(environ), "PYTHONPATH": str(PROJECT_ROOT), **_pick(names, settings)}


def _fixed(ports: Ports, credentials: Credentials) -> dict[str, str]:
    return {
        "CONTROL_PLANE_URL": f"http://{HOST}:{ports.control_plane}",
        "LANGGRAPH_URL": f"http://{HOST}:{ports.agent_server}",
        "MODEL_PORT": str(ports.model),
        "DJANGO_SECRET_KEY": credentials.django_secret_key,
        "FERNET_KEYS": credentials.fernet_key,
        "CONTROL_PLANE_SECRET": credentials.control_plane_secret,
        "LG_WEBHOOK_SECRET": credentials.webhook_secret,
        "JWT_SIGNING_KEY_FILE": str(credentials.jwt_signing_key_file),
        "AGENT_JWKS_FILE": str(credentials.jwks_file),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "DJANGO_DEBUG": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LOG_COLOR": "false",
        "LANGGRAPH_NO_VERSION_CHECK": "true",
        "LANGSMITH_TRACING": "false",
    }


def _postgres_addresses(ports: Ports, credentials: Credentials) -> dict[str, str]:
    schemes = ("postgresql", "postgresql", "postgresql+psycopg")
    return {
        name: postgres.address(
            port=ports.postgres, password=credentials.database_password, database=database, scheme=scheme
        )
        for name, database, scheme in zip(POSTGRES_URLS, postgres.DATABASES, schemes, strict=True)
    }


def _embedded_model(ports: Ports) -> dict[str, str]:
    # It has one model of each kind: a default that was meant for another server would only fail there.
    return {
        "OPENAI_BASE_URL": f"http://{HOST}:{ports.model}/v1",
        "DEFAULT_MODEL": CHAT_MODEL,
        "EMBEDDING_MODEL": EMBEDDING_MODEL,
        "EMBEDDING_DIMENSIONS": EMBEDDING_DIMENSIONS,
    }


def _prices_of_embedded_models() -> dict[str, str]:
    free = {"input_mtok": "0", "output_mtok": "0"}
    return {"MODEL_PRICES": json.dumps({CHAT_MODEL: free, EMBEDDING_MODEL: free})}


def _pick(names: Iterable[str], source: Mapping[str, str]) -> dict[str, str]:
    return {name: source[name] for name in names if source.get(name)}
