"""llama.cpp with the chat model: its own HTTP server, on a loopback port and with a key that only we know."""

import os
import secrets
from pathlib import Path

import httpx
import xllamacpp  # type: ignore[import-untyped]  # ships no types

CONTEXT_TOKENS = 8192  # what the model was trained for
PARALLEL_ANSWERS = 2
PROMPT_CACHE_MIB = 128
ERRORS_ONLY = 1
CONNECT_SECONDS = 5.0


class ChatEngine:
    """The loaded model. Loading takes a second or two and blocks."""

    def __init__(self, weights: Path, *, name: str) -> None:
        key = secrets.token_urlsafe(32)
        self._server = xllamacpp.Server(_parameters(weights, name=name, key=key))
        self.client = httpx.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )


def _parameters(weights: Path, *, name: str, key: str) -> xllamacpp.CommonParams:
    # One core stays free for the servers around.
    threads = max(1, (os.cpu_count() or 2) - 1)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {name}
    parameters.n_ctx = CONTEXT_TOKENS * PARALLEL_ANSWERS
    parameters.n_parallel = PARALLEL_ANSWERS
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    parameters.fit_params = False
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = ERRORS_ONLY
    return parameters
