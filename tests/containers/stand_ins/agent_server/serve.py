"""Serves what the image's variables name, as the real image does, on the in-memory runtime."""

import os

import uvicorn

os.environ |= {
    "MIGRATIONS_PATH": "__inmem",
    "DATABASE_URI": ":memory:",
    "REDIS_URI": "fake",
    "LANGGRAPH_RUNTIME_EDITION": "inmem",
    "LANGSMITH_LANGGRAPH_API_VARIANT": "local_dev",
    "N_JOBS_PER_WORKER": "10",
}

if __name__ == "__main__":
    uvicorn.run("langgraph_api.server:app", host="0.0.0.0", port=8000, access_log=False)
