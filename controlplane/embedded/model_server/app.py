"""The web application: which path answers what."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controlplane.embedded.model_server.chat import complete_chat
from controlplane.embedded.model_server.chat_engine import ChatEngine
from controlplane.embedded.model_server.embedder import Embedder
from controlplane.embedded.model_server.embeddings import create_embeddings
from controlplane.embedded.model_server.journal import Call, Journal
from controlplane.embedded.model_server.protocol import (
    RequestRefused,
    check_key,
    check_model,
    error_response,
    read_object,
)
from controlplane.embedded.model_server.weights import (
    CHAT_MODEL,
    EMBEDDING_MODEL,
    chat_weights,
    embedding_tokenizer,
    embedding_weights,
)

Answer = Callable[[dict[str, Any], Call], Coroutine[Any, Any, Response]]
CLIENT_GONE = 499


@dataclass(frozen=True)
class Models:
    """The loaded models."""

    chat: ChatEngine
    embedder: Embedder

    @classmethod
    async def load(cls) -> "Models":
        """Load both at the same time."""
        chat, embedder = await asyncio.gather(
            asyncio.to_thread(ChatEngine, chat_weights(), name=CHAT_MODEL),
            asyncio.to_thread(Embedder, embedding_weights(), embedding_tokenizer()),
        )
        return cls(chat, embedder)


class ModelServer:
    """The end points. `key` is the bearer key that callers must show; None lets everybody in."""

    def __init__(self, *, key: str | None) -> None:
        self._key = key
        self._journal = Journal()
        self._started_at = int(time.time())
        self._models: Models | None = None

    def application(self) -> Starlette:
        """Return the application; the models are loaded when it starts."""
        routes = [
            Route("/", self.overview),
            Route("/v1", self.overview),
            Route("/health", self.health),
            Route("/journal", self.journal),
            Route("/v1/models", self.models),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/embeddings", self.embeddings, methods=["POST"]),
        ]
        handlers = {HTTPException: _not_served}
        return Starlette(routes=routes, lifespan=self._loaded, exception_handlers=handlers)

    async def overview(self, _: Request) -> Response:
        """Tell a person who opens the address what is here."""
        models = {"chat": CHAT_MODEL, "embeddings": EMBEDDING_MODEL}
        return JSONResponse({"protocol": "OpenAI", "base_path": "/v1", "models": models})

    async def health(self, _: Request) -> Response:
        """Say that the models are loaded; before that nothing answers at all."""
        return JSONResponse({"status": "ok"})

    async def journal(self, _: Request) -> Response:
        """List the last calls: ids, counts and statuses, so no key is asked for."""
        return JSONResponse({"calls": self._journal.entries()})

    async def models(self, request: Request) -> Response:
        """List the models."""
        try:
            check_key(request, self._key)
        except RequestRefused as refusal:
            return error_response(refusal)
        owned = {"object": "model", "created": self._started_at, "owned_by": "threadplane"}
        data = [{"id": name, **owned} for name in (CHAT_MODEL, EMBEDDING_MODEL)]
        return JSONResponse({"object": "list", "data": data})

    async def chat(self, request: Request) -> Response:
        """Answer a conversation."""
        models = self._models
        assert models  # noqa: S101  # set before the first request is taken
        return await self._serve(
            request, CHAT_MODEL, lambda content, call: complete_chat(models.chat, content, call)
        )

    async def embeddings(self, request: Request) -> Response:
        """Embed texts."""
        models = self._models
        assert models  # noqa: S101  # set before the first request is taken
        return await self._serve(
            request, EMBEDDING_MODEL, lambda content, call: create_embeddings(models.embedder, content, call)
        )

    async def _serve(self, request: Request, model: str, answer: Answer) -> Response:
        call = self._journal.begin(
            path=request.url.path, client_request_id=request.headers.get("x-client-request-id")
        )
        try:
            check_key(request, self._key)
            content = await read_object(request)
            check_model(content, model)
            call.model = model
            response = await _unless_gone(request, answer(content, call))
        except RequestRefused as refusal:
            response = error_response(refusal)
        call.status = response.status_code
        return response

    @asynccontextmanager
    async def _loaded(self, _: Starlette) -> AsyncIterator[None]:
        self._models = await Models.load()
        yield
        await self._models.chat.client.aclose()


async def _unless_gone(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """Return the answer; drop the work on it when the caller goes away."""
    working = asyncio.create_task(answer)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise RequestRefused(CLIENT_GONE, "client_closed_request", "The caller went away.")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


def _not_served(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return error_response(RequestRefused(status, "not_found", "There is no such end point here."))
