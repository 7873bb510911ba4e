"""Started as `python -m controlplane.embedded.model_server` with MODEL_PORT and OPENAI_API_KEY."""

import os

import uvicorn

from controlplane.embedded.model_server.app import ModelServer

DEFAULT_PORT = "8124"
LONGEST_GOODBYE_SECONDS = 3


def main() -> None:
    """Serve on loopback until a signal."""
    server = ModelServer(key=os.environ.get("OPENAI_API_KEY") or None)
    uvicorn.run(
        server.application(),
        host="127.0.0.1",
        port=int(os.environ.get("MODEL_PORT") or DEFAULT_PORT),
        log_level="warning",
        timeout_graceful_shutdown=LONGEST_GOODBYE_SECONDS,
    )


if __name__ == "__main__":
    main()
