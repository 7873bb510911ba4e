"""A live run of the user's, and calls of it that wait for leave."""

import uuid
from collections.abc import Callable

import pytest

from controlplane.approvals.asking import AskedCall
from controlplane.approvals.models import ToolApproval
from controlplane.runs.approvals import run_ask
from controlplane.runs.models import Run
from tests.controlplane.runs.conftest import admitted, run_request
from tests.controlplane.tools.conftest import built_in

__all__ = ["admitted", "built_in", "run_request"]

Ask = Callable[..., list[ToolApproval]]


@pytest.fixture
def run(admitted) -> Run:
    """A run that was let in."""
    return admitted()


@pytest.fixture
def ask(run) -> Ask:
    """Ask for leave for so many calls of the calculator, in one message."""

    def ask(count: int = 1, *, message_id: str = "m1", of: Run = run) -> list[ToolApproval]:
        calls = [
            AskedCall(
                approval_id=uuid.uuid5(of.thread_id, f"{message_id}/{number}"),
                tool_name="calculator",
                arguments={"expression": f"{number} + 1"},
            )
            for number in range(count)
        ]
        return run_ask(run_id=of.pk, message_id=message_id, calls=calls)

    return ask


@pytest.fixture
def waiting(ask) -> ToolApproval:
    """One call that waits."""
    [approval] = ask()
    return approval
