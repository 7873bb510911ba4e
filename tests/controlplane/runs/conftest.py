"""Runs that ask to be admitted, and calls that ask for a permit."""

import uuid
from collections.abc import Callable

import pytest
from uuid_utils.compat import uuid7

from controlplane.runs.admission import Role, RunRequest, run_admit
from controlplane.runs.context import Wishes
from controlplane.runs.models import Run
from controlplane.runs.permits import CallRequest
from tests.controlplane.provider_keys.fixtures import make_key, provider


@pytest.fixture
def run_request(user) -> Callable[..., RunRequest]:
    """Describe a run that the user wants to start on a thread of its own."""

    def describe(**changes: object) -> RunRequest:
        given = {
            "run_id": uuid.uuid4(),
            "thread_id": uuid.uuid4(),
            "graph_id": "agent",
            "role": Role.USER,
            "payer_id": user.pk,
            "is_resume": False,
            "wishes": Wishes(),
        }
        return RunRequest(**{**given, **changes})

    return describe


@pytest.fixture
def admitted(run_request) -> Callable[..., Run]:
    """Admit such a run."""
    return lambda **changes: run_admit(run_request(**changes)).run


@pytest.fixture
def call_request() -> Callable[..., CallRequest]:
    """Describe a model call of 100 prompt tokens and at most 50 in answer."""

    def describe(run: Run, **changes: object) -> CallRequest:
        given = {
            "run_id": run.pk,
            "attempt_id": uuid7(),
            "model": "gpt-4o",
            "node": "call_model",
            "request_type": "chat",
            "estimated_prompt_tokens": 100,
            "max_output_tokens": 50,
        }
        return CallRequest(**{**given, **changes})

    return describe


__all__ = ["make_key", "provider"]
