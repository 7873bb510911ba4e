"""What a resume says of tool calls is read, and what makes no sense is refused by name."""

import json
from typing import Any

import pytest

from graphs.access.decisions import decisions_of
from graphs.access.denial import Denial

APPROVE = {"type": "approve"}


@pytest.mark.parametrize("under_id", [False, True], ids=["plain", "by its id"])
def test_decisions_are_read_in_their_order(under_id: bool):
    edit = {"type": "edit", "edited_action": {"name": "calculator", "args": {"x": 2}}, "message": "So."}
    said = {"decisions": [APPROVE, edit, {"type": "reject", "message": "No."}]}

    heard = decisions_of({"resume": {"an-interrupt": said} if under_id else said})

    assert [(one.type, one.arguments, one.reason) for one in heard] == [
        ("approve", None, ""),
        ("edit", {"x": 2}, "So."),
        ("reject", None, "No."),
    ]


@pytest.mark.parametrize(
    "command",
    [
        None,
        {},
        {"resume": None},
        {"resume": "yes"},
        {"resume": [APPROVE]},
        {"resume": {}},
        {"resume": {"a": 1, "b": 2}},
        {"resume": {"a": "b"}},
        {"resume": {"decisions": []}},
    ],
    ids=str,
)
def test_other_resumes_say_nothing(command: object):
    assert decisions_of(command) == []


@pytest.mark.parametrize(
    "decisions",
    [
        "approve",
        {"type": "approve"},
        ["approve"],
        [None],
        [{}],
        [{"type": []}],
        [{"type": "maybe"}],
        [{"type": "edit"}],
        [{"type": "edit", "edited_action": {"args": [1]}}],
        [{"type": "reject", "message": 5}],
        [{"type": "reject", "message": "a" * 1001}],
        [{"type": "reject", "message": "a\0b"}],
        [APPROVE] * 65,
    ],
    ids=lambda value: str(value)[:40],
)
def test_nonsense_is_refused(decisions: Any):
    with pytest.raises(Denial) as refused:
        decisions_of({"resume": {"decisions": decisions}})

    assert refused.value.status_code == 422
    assert list(json.loads(refused.value.detail)["fields"]) == ["command"]
