"""The one door to the control plane: users' states, claims, admissions and permits over HTTP."""

from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, ValidationError

from graphs.approval_messages import ApprovalRequest, Approvals, SaidDecision
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable
from graphs.event_loops import PerLoop
from graphs.settings import read_settings

TIMEOUT = httpx.Timeout(5.0, connect=2.0)
# Shorter than what common ASGI servers grant, so that a request rarely meets a connection just closed.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Answer = TypeVar("Answer", bound=BaseModel)


class UserState(BaseModel):
    """What decides whether a token of this user is still good."""

    model_config = ConfigDict(frozen=True)

    is_active: bool
    token_version: int


class Requested(BaseModel):
    """What a client asks for; the control plane decides.

    For service runs alone: `user_id`, whom to bill, and `source_thread_id`, whose conversation to read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = Field(default=None, max_length=200)
    temperature: float | None = None
    max_tokens: int | None = None
    user_id: UUID | None = None
    source_thread_id: UUID | None = None


class AdmissionRequest(BaseModel):
    """A run that asks to be let in."""

    model_config = ConfigDict(frozen=True)

    run_id: UUID
    thread_id: UUID | None
    graph_id: str
    user_id: UUID | None
    token_version: int | None = None
    role: str
    is_resume: bool
    if_not_exists: str
    requested: Requested
    decisions: list[SaidDecision] = Field(default_factory=list)


class Admission(BaseModel):
    """What an admitted run works with; nothing in it is secret."""

    model_config = ConfigDict(frozen=True)

    context: dict[str, Any]
    metadata: dict[str, Any]
    webhook: str | None = None


class ClaimRequest(BaseModel):
    """A thread that is about to be made; without a user it is Studio's."""

    model_config = ConfigDict(frozen=True)

    thread_id: UUID
    user_id: UUID | None


class Claim(BaseModel):
    """A thread id that is the claimant's; Studio's threads have no session."""

    model_config = ConfigDict(frozen=True)

    session_id: UUID | None


class PermitRequest(BaseModel):
    """One model call that asks for its budget and key. `max_output_tokens` None: no bound is set."""

    model_config = ConfigDict(frozen=True)

    attempt_id: UUID
    model: str
    node: str
    request_type: str
    estimated_prompt_tokens: int
    max_output_tokens: int | None


OPENAI: Final = "openai"


class OwnKey(BaseModel):
    """That a permit's key is its user's own: for which provider, and which text of it by an opaque name."""

    model_config = ConfigDict(frozen=True)

    provider: str
    version: str


class Permit(BaseModel):
    """Leave for one model call. The key lives in memory, for this call alone; the house's has no owner."""

    model_config = ConfigDict(frozen=True)

    base_url: str | None = None
    api_key: SecretStr
    own_key: OwnKey | None = None
    # By the names of `init_chat_model`.
    protocol: str = OPENAI


class ToolPermitRequest(BaseModel):
    """One tool call that asks for leave; `tool_call_id` is the model server's name for it."""

    model_config = ConfigDict(frozen=True)

    attempt_id: UUID
    tool_call_id: str
    tool_name: str
    approval_id: UUID | None = None
    arguments_hash: str = ""


class ToolConnection(BaseModel):
    """Where a tool of an MCP server is called; a `stdio` server is one of this server's own settings."""

    model_config = ConfigDict(frozen=True)

    slug: str
    transport: Literal["streamable_http", "stdio"]
    remote_name: str
    url: str = ""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    private_networks: list[str] = Field(default_factory=list)
    timeout_seconds: float = Field(gt=0)


class ToolPermit(BaseModel):
    """Leave for one tool call, and what its user set for the tool. Secrets live in memory, for this call."""

    model_config = ConfigDict(frozen=True)

    configuration: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, Secret[Any]] = Field(default_factory=dict)
    connection: ToolConnection | None = None


class ToolCallEnd(BaseModel):
    """How a tool call ended: `finished`, `failed` or `cancelled`."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    duration_ms: int


async def user_state(user_id: UUID) -> UserState | None:
    """Ask for a user's state; None for a user nobody knows."""
    try:
        return await ask("GET", f"/internal/users/{user_id}/", answer=UserState)
    except ControlPlaneRefused as refused:
        if refused.status == httpx.codes.NOT_FOUND:
            return None
        raise


async def admit(request: AdmissionRequest) -> Admission:
    """Ask to let a run in; repeating it is harmless. Raises ControlPlaneRefused with the reason."""
    return await ask("POST", "/internal/runs/admit/", answer=Admission, body=request)


async def claim(request: ClaimRequest) -> Claim:
    """Ask whether a thread may be made; repeating it is harmless. Raises ControlPlaneRefused."""
    return await ask("POST", "/internal/threads/claim/", answer=Claim, body=request)


async def permit(run_id: str, request: PermitRequest) -> Permit:
    """Ask for leave for one model call; repeating it reserves nothing twice. Raises ControlPlaneRefused."""
    return await ask("POST", f"/internal/runs/{run_id}/calls/", answer=Permit, body=request)


async def permit_tool_call(run_id: str, request: ToolPermitRequest) -> ToolPermit:
    """Ask for leave for one tool call; repeating it counts nothing twice. Raises ControlPlaneRefused."""
    return await ask("POST", f"/internal/runs/{run_id}/tool-calls/", answer=ToolPermit, body=request)


async def ask_approvals(run_id: str, request: ApprovalRequest) -> Approvals:
    """Ask for leave for tool calls; repeating it changes nothing. Raises ControlPlaneRefused."""
    return await ask("POST", f"/internal/runs/{run_id}/approvals/", answer=Approvals, body=request)


async def end_tool_call(run_id: str, attempt_id: UUID, end: ToolCallEnd) -> None:
    """Say how a permitted tool call ended; repeating it is harmless. Raises ControlPlaneRefused."""
    path = f"/internal/runs/{run_id}/tool-calls/{attempt_id}/end/"
    response = await _send("POST", path, end.model_dump_json())
    if not response.is_success:
        raise _refusal(response)


def _connect() -> httpx.AsyncClient:
    settings = read_settings()
    if settings.control_plane_url is None or settings.control_plane_secret is None:
        raise ControlPlaneUnreachable("No control plane is configured.")
    return httpx.AsyncClient(
        base_url=settings.control_plane_url,
        headers={"X-Threadplane-Secret": settings.control_plane_secret.get_secret_value()},
        timeout=TIMEOUT,
        limits=LIMITS,
        trust_env=False,
    )


CLIENTS = PerLoop(_connect)


async def ask(
    method: str,
    path: str,
    *,
    answer: type[Answer],
    body: BaseModel | None = None,
    patience: httpx.Timeout | None = None,
) -> Answer:
    """Ask what may be repeated, within `patience` or the usual time.

    Raises ControlPlaneRefused and ControlPlaneUnreachable.
    """
    content = body.model_dump_json(exclude_unset=False) if body else None
    response = await _send(method, path, content, patience)
    if response.is_success:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            # The cause holds the answer, and an answer may hold a key: it stays out of the trace.
            fields = ", ".join(
                ".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)
            )
            raise ControlPlaneUnreachable(
                f"The control plane's answer lacks: {fields}.", may_have_acted=True
            ) from None
    raise _refusal(response)


async def _send(
    method: str, path: str, content: str | None, patience: httpx.Timeout | None = None
) -> httpx.Response:
    """Send it, and once more when a kept connection turns out closed: every request here may be repeated."""
    client = CLIENTS.get()
    headers = {"Content-Type": "application/json"} if content else {}
    may_have_acted = False
    try:
        try:
            return await client.request(
                method, path, content=content, headers=headers, timeout=patience or TIMEOUT
            )
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            may_have_acted = True
            return await client.request(
                method, path, content=content, headers=headers, timeout=patience or TIMEOUT
            )
    except httpx.HTTPError as error:
        may_have_acted = may_have_acted or not isinstance(error, NEVER_SENT)
        raise ControlPlaneUnreachable(
            "The control plane cannot be reached.", may_have_acted=may_have_acted
        ) from error


def _refusal(response: httpx.Response) -> ControlPlaneRefused | ControlPlaneUnreachable:
    if response.is_server_error:
        return ControlPlaneUnreachable("The control plane is out of order.", may_have_acted=True)
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
        details = {name: error[name] for name in ("details", "fields") if error.get(name)}
    except (ValueError, KeyError, TypeError):
        return ControlPlaneUnreachable(f"The control plane answered {response.status_code} without a reason.")
    return ControlPlaneRefused(
        message,
        status=response.status_code,
        reason=code,
        details=details,
        retry_after=response.headers.get("Retry-After"),
    )
