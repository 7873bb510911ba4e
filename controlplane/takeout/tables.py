"""What an export holds of the database: by table, field by field, so that nothing gets in by itself.

An app above this one registers its tables when it is ready; a test finds tables with users that are neither
here nor left out for a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Case, F, Model, Value, When

from controlplane.accounts.models import CustomUser, Invitation, PersonalAccessToken, SignIn
from controlplane.audit.models import AuditEntry
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.documents.models import UserDocument
from controlplane.feedback.models import MessageFeedback
from controlplane.preferences.models import UserPreference
from controlplane.prompts.models import PromptRating, PromptVersion, SystemPromptTemplate
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.runs.models import Run
from controlplane.takeout.models import AccountExport
from controlplane.tools.models import ToolCall, UserTool
from controlplane.usage.models import DailyCounter, DailySum, MonthlyCounter, TokenUsage, UsageGrant


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table in an export; `owner` is the lookup that leads from a row to its user's id."""

    name: str
    model: type[Model]
    fields: Sequence[str]
    owner: str = "user_id"
    order: Sequence[str] = ("pk",)
    # Beside JSON also as CSV, for what one would open in a spreadsheet.
    as_csv: bool = False
    computed: Mapping[str, Any] = field(default_factory=dict)


# Of others only what they are to this user: an export is no list of administrators.
_DONE_BY: Final = Case(
    When(actor_id=None, then=Value("the system")),
    When(actor_id=F("concerns_id"), then=Value("you")),
    default=Value("an administrator"),
)

# Of passwords, sealed keys and secrets, and hashes of tokens there is nothing here.
_TABLES: list[Table] = [
    Table(
        name="account",
        model=CustomUser,
        owner="pk",
        fields=("id", "email", "first_name", "last_name", "date_joined", "last_login", "is_active",
                "is_staff", "is_superuser", "is_self_made"),
    ),
    Table(name="groups", model=CustomUser.groups.through, owner="customuser_id", fields=("group__name",)),
    Table(name="sign-in/addresses", model=EmailAddress, fields=("email", "verified", "primary")),
    Table(
        name="sign-in/single-sign-on",
        model=SocialAccount,
        fields=("provider", "uid", "date_joined", "last_login", "extra_data"),
    ),
    Table(name="sign-in/sign-ins", model=SignIn, fields=("created_at", "expires_at", "ended_at")),
    Table(name="sign-in/second-factors", model=Authenticator, fields=("type", "created_at", "last_used_at")),
    Table(
        name="sign-in/personal-access-tokens",
        model=PersonalAccessToken,
        fields=("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"),
    ),
    Table(
        name="invitations",
        model=Invitation,
        owner="invited_by_id",
        fields=("id", "email", "created_at", "expires_at", "accepted_at"),
    ),
    Table(
        name="preferences",
        model=UserPreference,
        fields=("default_model", "default_temperature", "default_max_tokens", "enable_auto_summarization",
                "summarization_threshold", "custom_system_prompt", "theme", "language", "timezone",
                "enable_streaming", "multitask_strategy", "summarization_model", "daily_message_limit",
                "daily_token_limit", "daily_cost_limit", "empty_is_unlimited", "updated_at"),
    ),
    Table(
        name="sessions",
        model=ChatSession,
        order=("created_at", "pk"),
        fields=("id", "title", "title_origin", "graph_id", "tags", "model_name", "temperature", "max_tokens",
                "custom_system_prompt", "enable_summarization", "summarization_threshold",
                "multitask_strategy", "message_count",
                "total_tokens_used", "total_cost", "last_message_at", "is_active", "is_archived", "is_pinned",
                "is_provisional", "created_at", "updated_at", "deleted_at"),
    ),
    Table(name="deleted-sessions", model=DeletedThread, fields=("thread_id", "deleted_at", "erased_at")),
    Table(
        name="runs",
        model=Run,
        order=("admitted_at", "pk"),
        fields=("id", "thread_id", "graph_id", "model_name", "provider_key_id", "status",
                "message_counted_on", "error_code", "admitted_at", "started_at", "ended_at"),
    ),
    Table(
        name="feedback",
        model=MessageFeedback,
        fields=("id", "chat_session_id", "run_id", "message_id", "message_index", "rating",
                "feedback_categories", "feedback_text", "reported_issue", "created_at", "updated_at"),
    ),
    Table(
        name="documents",
        model=UserDocument,
        fields=("id", "chat_session_id", "file_name", "file_size", "file_type", "category", "tags",
                "processing_status", "error_message", "processed_at", "vector_collection_name",
                "vector_metadata", "chunk_count", "is_active", "created_at", "updated_at"),
    ),
    Table(
        name="prompts/templates",
        model=SystemPromptTemplate,
        owner="owner_id",
        fields=("id", "name", "slug", "content", "category", "description", "is_public", "version",
                "usage_count", "rating", "rating_count", "created_at", "updated_at"),
    ),
    Table(
        name="prompts/versions",
        model=PromptVersion,
        owner="template__owner_id",
        fields=("template_id", "number", "content", "created_at"),
    ),
    Table(name="prompts/ratings", model=PromptRating, fields=("template_id", "stars", "updated_at")),
    Table(
        name="prompts/shared-with-you",
        model=SystemPromptTemplate.shared_with_users.through,
        owner="customuser_id",
        fields=("systemprompttemplate_id",),
    ),
    Table(
        name="tools/settings",
        model=UserTool,
        fields=("id", "tool_name", "tool_display_name", "is_enabled", "follows_default", "configuration",
                "secret_names", "usage_count", "last_used_at", "rate_limit", "rate_limit_period",
                "created_at", "updated_at"),
    ),
    Table(
        name="tools/calls",
        model=ToolCall,
        order=("created_at", "pk"),
        fields=("id", "session_id", "run_id", "tool_name", "outcome", "duration_ms", "created_at",
                "ended_at"),
    ),
    Table(
        name="keys/keys",
        model=UserAPIKey,
        fields=("id", "provider", "key_name", "base_url", "key_prefix", "last_four", "entered_at",
                "is_active", "is_default", "use_for_runs", "may_use_house_key", "is_validated",
                "daily_limit", "monthly_limit", "usage_count", "total_tokens_used", "last_used_at",
                "created_at", "updated_at", "deleted_at"),
    ),
    Table(
        name="keys/counters",
        model=KeyCounter,
        owner="key__user_id",
        fields=("key_id", "period", "starts_on", "tokens"),
    ),
    Table(
        name="usage/calls",
        model=TokenUsage,
        order=("created_at", "pk"),
        as_csv=True,
        fields=("id", "created_at", "chat_session_id", "run_id", "request_type", "provider", "model_name",
                "node", "state", "outcome", "prompt_tokens", "completion_tokens", "total_tokens",
                "cached_tokens", "reasoning_tokens", "is_estimated", "prompt_cost", "completion_cost",
                "total_cost", "is_priced", "provider_key_id", "response_time_ms", "settled_at"),
    ),
    Table(
        name="usage/days",
        model=DailyCounter,
        order=("day", "pk"),
        fields=("day", "messages", "tokens", "cost", "granted_messages", "granted_tokens", "granted_cost",
                "resets_at"),
    ),
    # Calls of closed months lie in files of all users; their sums stay.
    Table(
        name="usage/sums-of-days",
        model=DailySum,
        owner="counter__user_id",
        fields=("counter__day", "provider", "model_name", "request_type", "is_house_paid", "calls",
                "failed_calls", "unpriced_calls", "tokens_in", "tokens_out", "cost"),
    ),
    Table(
        name="usage/months",
        model=MonthlyCounter,
        order=("month", "pk"),
        fields=("month", "messages", "tokens", "cost", "granted_messages", "granted_tokens", "granted_cost",
                "resets_at"),
    ),
    Table(
        name="usage/grants",
        model=UsageGrant,
        fields=("id", "kind", "term", "starts_on", "messages", "tokens", "cost", "created_at"),
    ),
    Table(
        name="exports",
        model=AccountExport,
        fields=("id", "status", "created_at", "finished_at", "expires_at"),
    ),
    Table(
        name="audit",
        model=AuditEntry,
        owner="concerns_id",
        order=("at", "pk"),
        fields=("id", "at", "action", "subject_type", "subject_id", "changes", "done_by"),
        computed={"done_by": _DONE_BY},
    ),
]  # fmt: skip

# Tables that know users and are not exported, and why.
LEFT_OUT: Final[Mapping[str, str]] = {
    "accounts.CustomUser_user_permissions": "what one may do in the back office; nothing of the person",
    "admin.LogEntry": "what an administrator did to others' rows, named by what is in those",
    "api.IdempotentCreation": "hashes that are forgotten after a day",
    "token_blacklist.OutstandingToken": "the tokens themselves, which let their holder in",
}


def register_table(table: Table) -> None:
    """Add what an app above this one keeps of users; call it when the app is ready."""
    _TABLES.append(table)


def all_tables() -> Sequence[Table]:
    """List what is exported, in the order in which it is written."""
    return tuple(_TABLES)
