"""Arithmetic is right, and nothing else is calculated."""

import time

import pytest
from langchain_core.messages import ToolMessage

from graphs.agent.tools.calculator import calculator


def ask(expression: str) -> ToolMessage:
    call = {"name": "calculator", "args": {"expression": expression}, "id": "c1", "type": "tool_call"}
    return calculator.invoke(call)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2 + 2", "4"),
        (" 7 // 2 - -1 ", "4"),
        ("(3 + 4) * 2 ** 3 % 10", "6"),
        ("sqrt(16) + floor(2.7) + max(1, 5)", "11.0"),
        ("2 ** 0.5", "1.4142135623730951"),
        ("round(pi, 4)", "3.1416"),
        ("2 ** 2000", str(2**2000)),
        ("(-1) ** 3000", "1"),
    ],
)
def test_arithmetic_is_right(expression: str, result: str):
    answer = ask(expression)

    assert (answer.content, answer.status) == (result, "success")


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("9 ** 9 ** 9", id="tower"),
        pytest.param("round(5, -10 ** 7)", id="many digits to round to"),
        pytest.param("10 ** 5000", id="large power"),
        pytest.param("*".join(["9" * 60] * 3) + "**9**9", id="large product"),
        pytest.param("1" * 201, id="long expression"),
        pytest.param("'a' * 1000000", id="text"),
        pytest.param("[1] * 1000000", id="list"),
        pytest.param("__import__('os')", id="import"),
        pytest.param("(1).__class__", id="attribute"),
        pytest.param("[x for x in (1,2)]", id="comprehension"),
        pytest.param("1 if 1 else 2", id="condition"),
        pytest.param("lambda: 1", id="lambda"),
        pytest.param("1 << 100000", id="shift"),
        pytest.param("open(1)", id="unknown function"),
        pytest.param("x + 1", id="unknown name"),
        pytest.param("1 / 0", id="division by zero"),
        pytest.param("(-8) ** 0.5", id="complex"),
        pytest.param("exp(10 ** 9)", id="overflow"),
        pytest.param("True + 1", id="truth"),
        pytest.param("2 +", id="half"),
        pytest.param("", id="empty"),
        pytest.param("(" * 100 + "1" + ")" * 99, id="unbalanced"),
    ],
)
def test_everything_else_is_an_error_and_quick(expression: str):
    started = time.monotonic()

    answer = ask(expression)

    assert answer.status == "error"
    assert answer.content.startswith("Cannot calculate")
    assert time.monotonic() - started < 1
