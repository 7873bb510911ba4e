"""What a client may choose of a run."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from graphs.access.denial import Denial
from graphs.access.run_options import is_resume, keep_server_config, restrict_to_user

RUN = UUID("0192f0c1-0000-7000-8000-000000000001")
HELLO = {"messages": [{"type": "human", "content": "hello", "id": str(uuid5(RUN, "0"))}]}


def test_a_plain_run_passes():
    kwargs: dict[str, Any] = {"input": {"messages": "hello"}, "command": None}

    restrict_to_user(kwargs, run_id=RUN, after_seconds=0)

    assert kwargs["input"] == HELLO


def test_resuming_passes_and_carries_no_input():
    kwargs: dict[str, Any] = {"input": {"messages": "hello"}, "command": {"resume": "yes", "update": None}}

    restrict_to_user(kwargs, run_id=RUN, after_seconds=None)

    assert kwargs == {"input": None, "command": {"resume": "yes", "update": None}}
    assert is_resume(kwargs)


def test_a_run_without_input_goes_on_with_a_turn():
    assert is_resume({"input": None, "config": {"configurable": {"thread_id": "t"}}})
    assert not is_resume({"input": HELLO})
    assert not is_resume({"input": None, "config": {"configurable": {"checkpoint_id": "c"}}})


def test_a_resume_from_an_earlier_checkpoint_is_a_new_turn():
    kwargs: dict[str, Any] = {
        "command": {"resume": "yes"},
        "config": {"configurable": {"checkpoint_id": "1ef663ba-28fe-6528-8002-5a559208592c"}},
    }

    assert not is_resume(kwargs)


@pytest.mark.parametrize(
    ("option", "field"),
    [
        pytest.param({"command": {"goto": "run_tools"}}, "command", id="goto"),
        pytest.param({"command": {"update": {"messages": []}}}, "command", id="update"),
        pytest.param({"command": {"resume": 1, "goto": "run_tools"}}, "command", id="resume and goto"),
        pytest.param({"command": {"resume": 1, "update": {}}}, "command", id="resume and update"),
        pytest.param({"command": "resume"}, "command", id="a command that is text"),
        pytest.param({"interrupt_before": ["call_model"]}, "interrupt_before", id="break before"),
        pytest.param({"interrupt_after": "*"}, "interrupt_after", id="break after"),
        pytest.param({"input": {"messages": [["ai", "x"]]}}, "input", id="forged message"),
    ],
)
def test_other_options_are_refused_by_name(option: dict[str, Any], field: str):
    with pytest.raises(Denial) as denied:
        restrict_to_user({"input": HELLO, **option}, run_id=RUN, after_seconds=0)

    assert denied.value.status_code == 422
    assert f'"fields": {{"{field}"' in denied.value.detail


def test_a_delayed_run_is_refused():
    with pytest.raises(Denial):
        restrict_to_user({"input": HELLO}, run_id=RUN, after_seconds=1)


def test_only_what_the_server_wrote_stays_in_the_config():
    config: dict[str, Any] = {
        "tags": ["mine"],
        "metadata": {"graph_id": "other"},
        "run_name": "x",
        "configurable": {
            "checkpoint_id": "c",
            "langgraph_auth_user_id": "u",
            "__event_streaming_v2": True,
            "user_id": "somebody else",
            "model": "gpt-4o",
            "langsmith-trace": "t",
            "__langsmith_project__": "p",
            "__pregel_checkpointer": "c",
        },
    }

    keep_server_config(config)

    assert config == {
        "configurable": {"checkpoint_id": "c", "langgraph_auth_user_id": "u", "__event_streaming_v2": True}
    }


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (100, 100), (10**9, 100)])
def test_steps_are_bounded(asked: int, given: int):
    config: dict[str, Any] = {"recursion_limit": asked}

    keep_server_config(config)

    assert config == {"configurable": {}, "recursion_limit": given}


@pytest.mark.parametrize("asked", [0, -1, "5", True, 1.5])
def test_senseless_steps_are_refused(asked: Any):
    with pytest.raises(Denial):
        keep_server_config({"recursion_limit": asked})
