"""The product's own settings: the Agent Server, models and their prices, the limits of the house."""

from datetime import timedelta
from pathlib import Path

from controlplane.config.environment import read_environment

_environment = read_environment()

LANGGRAPH_URL = _environment.langgraph_url
LANGGRAPH_PUBLIC_URL = _environment.langgraph_public_url or _environment.langgraph_url
ALLOW_STUDIO_USER = bool(_environment.allow_studio_user)
STUDIO_URL = _environment.studio_url
CONTROL_PLANE_URL = _environment.control_plane_url
CONTROL_PLANE_SECRET = _environment.control_plane_secret.get_secret_value()
LG_WEBHOOK_SECRET = _environment.lg_webhook_secret.get_secret_value()
METRICS_TOKEN = _environment.metrics_token.get_secret_value()
FERNET_KEYS = [key.get_secret_value() for key in _environment.fernet_keys]

# `(url) -> async context manager of an Agent Server`; the bridge's in-memory double fits as well.
AGENT_SERVER_CONNECTOR = "sdk_bridge.connect"

OPENAI_BASE_URL = _environment.openai_base_url
# Where the house's key goes for embeddings; without either address to OpenAI itself.
EMBEDDINGS_BASE_URL = (
    _environment.embeddings_base_url or _environment.openai_base_url or "https://api.openai.com/v1"
)
EMBEDDING_MODEL = _environment.embedding_model
OPENAI_API_KEY = _environment.openai_api_key.get_secret_value()
PROVIDER_SERVERS = _environment.provider_servers()
DEFAULT_MODEL = _environment.default_model
DEFAULT_TEMPERATURE = _environment.default_temperature
DEFAULT_MAX_TOKENS = _environment.default_max_tokens
DEFAULT_SYSTEM_PROMPT = _environment.default_system_prompt
APPROVAL_EXPIRES_HOURS = _environment.approval_expires_hours
APPROVE_ACTIONS_AFTER_RETRIEVAL = _environment.approve_actions_after_retrieval
DEFAULT_ENABLED_TOOLS = list(_environment.default_enabled_tools)
WEB_SEARCH = _environment.web_search
TAVILY_API_KEY = _environment.tavily_api_key.get_secret_value() if _environment.tavily_api_key else ""
TAVILY_BASE_URL = _environment.tavily_base_url
DEFAULT_SUMMARIZATION_THRESHOLD = 4000
DEFAULT_SUMMARY_KEEP_TOKENS = 2000
AUTO_TITLES = _environment.auto_titles
SUMMARIZATION_MODEL = _environment.summarization_model
MODEL_PRICES = _environment.model_prices
PROVIDER_BASE_URLS = _environment.provider_base_urls
PROVIDER_PRIVATE_ADDRESSES = list(_environment.provider_private_addresses)
MCP_STDIO_SERVERS = _environment.mcp_stdio_servers
MCP_PRIVATE_ADDRESSES = list(_environment.mcp_private_addresses)

# Users' documents. No address leads to them: each is given out by a view that asks whose it is.
MEDIA_ROOT = Path(__file__).resolve().parents[3] / _environment.documents_folder
DOCUMENTS_S3_BUCKET = _environment.documents_s3_bucket
DOCUMENTS_S3_ENDPOINT = _environment.documents_s3_endpoint
DOCUMENTS_S3_REGION = _environment.documents_s3_region
DOCUMENTS_S3_ACCESS_KEY = _environment.documents_s3_access_key
DOCUMENTS_S3_SECRET_KEY = _environment.documents_s3_secret_key.get_secret_value()
MAX_DOCUMENT_SIZE_MB = _environment.max_document_size_mb
MAX_STORAGE_MB_PER_USER = _environment.max_storage_mb_per_user
MESSAGE_SEARCH = _environment.message_search

EXPORT_KEPT_DAYS = _environment.export_kept_days
RETENTION_ARCHIVE_DAYS = _environment.retention_archive_days
RETENTION_DELETE_DAYS = _environment.retention_delete_days
PGVECTOR_CONNECTION_STRING = (
    _environment.pgvector_connection_string.get_secret_value()
    if _environment.pgvector_connection_string
    else None
)

DELETION_JOURNAL = _environment.deletion_journal
DELETION_SECOND_LOOK = timedelta(seconds=_environment.deletion_second_look_seconds)

DAILY_MESSAGE_LIMIT = _environment.daily_message_limit
DAILY_TOKEN_LIMIT = _environment.daily_token_limit
DAILY_COST_LIMIT = _environment.daily_cost_limit
MONTHLY_MESSAGE_LIMIT = _environment.monthly_message_limit
MONTHLY_TOKEN_LIMIT = _environment.monthly_token_limit
MONTHLY_COST_LIMIT = _environment.monthly_cost_limit
UNPRICED_MODELS_ARE_FREE = _environment.unpriced_models_are_free
