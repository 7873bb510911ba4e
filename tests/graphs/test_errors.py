"""The errors of a run are those of the contract, and their messages reach clients."""

import inspect

import orjson
import pytest
from langgraph_api.serde import json_dumpb

from graphs import errors
from graphs.errors import ControlPlaneRefused, GraphError, RetryLater

CONTRACT = {
    "LimitReached": ("limit_reached", False),
    "ModelUnreachable": ("model_unreachable", True),
    "ModelTimedOut": ("model_timed_out", True),
    "ModelRateLimited": ("model_rate_limited", True),
    "ModelFailed": ("model_failed", True),
    "ModelRefused": ("model_refused", False),
    "ControlPlaneUnreachable": ("control_plane_unreachable", True),
    "KeyRefused": ("key_refused", False),
    "RunRefused": ("run_refused", False),
}


def test_the_errors_that_end_a_run_are_those_of_the_contract():
    families = {GraphError, RetryLater, errors.GiveUp, ControlPlaneRefused}
    final = {
        name: (kind.code, kind.is_retryable)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, GraphError) and kind not in families
    }

    assert final == CONTRACT


@pytest.mark.parametrize("name", CONTRACT)
def test_the_server_reports_name_and_message(name: str):
    error = getattr(errors, name)("Words for users.")

    assert orjson.loads(json_dumpb(error)) == {"error": name, "message": "Words for users."}
