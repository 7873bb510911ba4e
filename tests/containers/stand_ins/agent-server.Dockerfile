# The same langgraph_api as the image it stands in for, with the in-memory runtime: no licence is asked for.
FROM python:3.11-slim-bookworm
COPY constraints.txt /api/constraints.txt
COPY agent_server /api
RUN python3 -m pip install --quiet --no-cache-dir -c /api/constraints.txt uv langgraph-api langgraph-runtime-inmem \
    && cp "$(command -v uv)" "$(command -v uvx)" /usr/bin/
CMD ["python", "/api/serve.py"]
