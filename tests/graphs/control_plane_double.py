"""A control plane in one file: the internal endpoints of docs/contracts.md, noting what was asked."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.ports import free_ports

SECRET = "internal-secret-for-tests"
WEBHOOK_SECRET = "webhook-secret-for-tests"

Refusal = tuple[int, dict[str, Any]]


def refusal(status: int, code: str, message: str, **extra: Any) -> Refusal:
    """An answer of the one error shape."""
    return status, {"error": {"code": code, "message": message, **extra}}


@dataclass
class ControlPlaneDouble:
    """Serves from a thread. Tests say who exists and what is refused, and read what was asked."""

    model_url: str
    api_key: str = "sk-from-the-permit"
    own_key: dict[str, str] | None = None
    protocol: str = "openai"
    port: int = field(default_factory=lambda: free_ports(1)[0])
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    claim_refusals: dict[str, Refusal] = field(default_factory=dict)
    admission_refusals: dict[str, Refusal] = field(default_factory=dict)
    permit_refusals: dict[str, Refusal] = field(default_factory=dict)
    slow_permits: dict[str, float] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)
    admissions: list[dict[str, Any]] = field(default_factory=list)
    permits: list[dict[str, Any]] = field(default_factory=list)
    tool_refusals: dict[str, Refusal] = field(default_factory=dict)
    end_refusals: dict[str, Refusal] = field(default_factory=dict)
    tool_permit: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    tool_ends: list[dict[str, Any]] = field(default_factory=list)
    user_questions: list[str] = field(default_factory=list)
    webhooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    webhook_came: threading.Event = field(default_factory=threading.Event)
    secrets: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve until `stop`."""
        config = uvicorn.Config(self._app(), port=self.port, log_level="error", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)

    def stop(self) -> None:
        """End the server and wait for it."""
        self._server.should_exit = True
        self._thread.join()

    def add_user(self, *, is_active: bool = True, token_version: int = 1) -> UUID:
        """Make an account."""
        user_id = uuid4()
        self.users[str(user_id)] = {
            "user_id": str(user_id),
            "is_active": is_active,
            "token_version": token_version,
        }
        return user_id

    def permits_of(self, run_id: str) -> list[dict[str, Any]]:
        """The permits that one run asked for, in order."""
        return [permit for permit in self.permits if permit["run_id"] == run_id]

    def tool_calls_of(self, run_id: str) -> list[dict[str, Any]]:
        """The tool calls that one run asked for, in order."""
        return [call for call in self.tool_calls if call["run_id"] == run_id]

    def tool_ends_of(self, run_id: str) -> list[dict[str, Any]]:
        """The ends of tool calls that one run told, in order."""
        return [end for end in self.tool_ends if end["run_id"] == run_id]

    def claims_of(self, thread_id: str) -> list[dict[str, Any]]:
        """The claims of one thread id, in order."""
        return [claim for claim in self.claims if claim["thread_id"] == thread_id]

    def admissions_of(self, thread_id: str) -> list[dict[str, Any]]:
        """The admissions asked for one thread, in order."""
        return [admission for admission in self.admissions if admission["thread_id"] == thread_id]

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/internal/users/{user_id}/", self._user),
                Route("/internal/threads/claim/", self._claim, methods=["POST"]),
                Route("/internal/runs/admit/", self._admit, methods=["POST"]),
                Route("/internal/runs/{run_id}/calls/", self._permit, methods=["POST"]),
                Route("/internal/runs/{run_id}/tool-calls/", self._tool_call, methods=["POST"]),
                Route(
                    "/internal/runs/{run_id}/tool-calls/{attempt_id}/end/", self._tool_end, methods=["POST"]
                ),
                Route("/internal/webhooks/runs/", self._webhook, methods=["POST"]),
            ]
        )

    def _stranger(self, request: Request) -> Response | None:
        self.secrets.add(request.headers.get("x-threadplane-secret", ""))
        if request.headers.get("x-threadplane-secret") == SECRET:
            return None
        return _answer(refusal(403, "forbidden", "Wrong secret."))

    async def _user(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        self.user_questions.append(request.path_params["user_id"])
        user = self.users.get(request.path_params["user_id"])
        return JSONResponse(user) if user else _answer(refusal(404, "user_not_found", "No such user."))

    async def _claim(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        asked = await request.json()
        self.claims.append(asked)
        if refused := self.claim_refusals.get(asked["thread_id"]):
            return _answer(refused)
        owner = self.threads.setdefault(asked["thread_id"], str(asked["user_id"]))
        if owner != str(asked["user_id"]):
            return _answer(refusal(404, "thread_not_found", "There is no such conversation."))
        session_id = asked["thread_id"] if asked["user_id"] else None
        return JSONResponse({"thread_id": asked["thread_id"], "session_id": session_id})

    async def _admit(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        asked = await request.json()
        self.admissions.append(asked)
        if refused := self.admission_refusals.get(asked["thread_id"] or asked["run_id"]):
            return _answer(refused)
        user_id = asked["user_id"] or asked["requested"]["user_id"]
        owner = self.threads.setdefault(asked["thread_id"] or asked["run_id"], str(user_id))
        if asked["role"] == "user" and owner != user_id:
            return _answer(refusal(404, "thread_not_found", "There is no such conversation."))
        return JSONResponse(self._admission(asked, user_id))

    def _admission(self, asked: dict[str, Any], user_id: str | None) -> dict[str, Any]:
        wished = {name: asked["requested"][name] for name in ("model", "temperature", "max_tokens")}
        defaults = {
            "model": "gpt-4o-mini",
            "temperature": None,
            "max_tokens": 256,
            "system_prompt": "You are a test.",
            "enabled_tools": [],
            "enable_summarization": False,
            "summarization_threshold": 4000,
            "summary_keep_tokens": 2000,
        }
        return {
            "run_id": asked["run_id"],
            "session_id": asked["thread_id"],
            "user_id": user_id,
            "context": {
                **defaults,
                **self.context,
                **{name: value for name, value in wished.items() if value is not None},
            },
            "metadata": {"owner": user_id} if user_id else {},
            "webhook": f"{self.url}/internal/webhooks/runs/",
        }

    async def _permit(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        asked = await request.json()
        run_id = request.path_params["run_id"]
        self.permits.append({"run_id": run_id, **asked})
        if refused := self.permit_refusals.get(asked["model"]):
            return _answer(refused)
        await asyncio.sleep(self.slow_permits.get(asked["model"], 0))
        permit = {
            "attempt_id": asked["attempt_id"],
            "base_url": self.model_url,
            "api_key": self.api_key,
            "own_key": self.own_key,
            "protocol": self.protocol,
        }
        return JSONResponse(permit, status_code=201)

    async def _tool_call(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        asked = await request.json()
        self.tool_calls.append({"run_id": request.path_params["run_id"], **asked})
        if refused := self.tool_refusals.get(asked["tool_name"]):
            return _answer(refused)
        given = {"attempt_id": asked["attempt_id"], "configuration": {}, "secrets": {}, **self.tool_permit}
        return JSONResponse(given, status_code=201)

    async def _tool_end(self, request: Request) -> Response:
        if stranger := self._stranger(request):
            return stranger
        self.tool_ends.append({**request.path_params, **await request.json()})
        if refused := self.end_refusals.get(request.path_params["run_id"]):
            return _answer(refused)
        return Response(status_code=204)

    async def _webhook(self, request: Request) -> Response:
        secret = request.headers.get("x-threadplane-webhook", "")
        self.webhooks.append((secret, await request.json()))
        self.webhook_came.set()
        return JSONResponse({}, status_code=202)


def _answer(answer: Refusal) -> Response:
    status, body = answer
    headers = {"Retry-After": "3600"} if status == 429 else None
    return JSONResponse(body, status_code=status, headers=headers)
