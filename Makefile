# Every command a newcomer types. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
UV_VERSION := 0.13.9

export LANGGRAPH_CLI_NO_ANALYTICS ?= 1
export LANGSMITH_TRACING ?= false

.PHONY: help setup up demo test lint types contracts lock clean

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

up: setup ## start the whole system; Ctrl-C stops it
	@exec $(RUN)/python -m controlplane.embedded up

demo: setup ## stream one chat turn in the terminal and show its usage row
	@exec $(RUN)/python -m controlplane.embedded demo
