"""Arithmetic by a safe evaluator, bounded so that no expression takes long or grows large."""

import ast
import math
from collections.abc import Callable
from typing import Any

from langchain_core.tools import ToolException, tool
from simpleeval import SimpleEval  # type: ignore[import-untyped]  # ships no types

LONGEST_EXPRESSION = 200
MOST_BITS = 4096
MOST_DIGITS = 400

Number = int | float

# Names and numbers only: no text, no attributes, no comparison chains to unroll.
_ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Call, ast.Name, ast.Load)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        _check_bits(max(base.bit_length(), 1) * exponent)
    return _real(base**exponent)


def _product(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return left * right


def _round(value: Number, digits: int = 0) -> Number:
    # Of a whole number it works out 10 to the power of the digits, however many they are.
    if abs(digits) > MOST_DIGITS:
        raise ToolException("Cannot calculate: too many digits to round to.")
    return round(value, digits) if digits else round(value)


def _check_bits(bits: int) -> None:
    if bits > MOST_BITS:
        raise ToolException("Cannot calculate: the result is too large.")


def _real(value: Any) -> Number:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ToolException("Cannot calculate: the result is not a real number.")
    return value


OPERATORS: dict[type[ast.AST], Callable[..., Number]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: _product,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: _power,
    ast.UAdd: lambda value: +value,
    ast.USub: lambda value: -value,
}
FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "round": _round,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "floor": math.floor,
    "ceil": math.ceil,
}
NAMES = {"pi": math.pi, "e": math.e}


@tool
def calculator(expression: str) -> str:
    """Calculate an arithmetic expression such as "(3 + 4) * sqrt(2)"; angles are in radians."""
    if len(expression) > LONGEST_EXPRESSION:
        raise ToolException(f"Cannot calculate: use at most {LONGEST_EXPRESSION} characters.")
    return str(_evaluate(expression))


calculator.handle_tool_error = True


def _evaluate(expression: str) -> Number:
    try:
        _check_shape(ast.parse(expression.strip(), mode="eval"))
        evaluator = SimpleEval(operators=OPERATORS, functions=FUNCTIONS, names=NAMES)
        return _real(evaluator.eval(expression))
    except ToolException:
        raise
    except SyntaxError as error:
        raise ToolException("Cannot calculate: this is not an arithmetic expression.") from error
    except Exception as error:  # a tool's failure is the model's to read, whatever the evaluator raised
        raise ToolException(f"Cannot calculate: {error}") from error


def _check_shape(tree: ast.AST) -> None:
    operators = tuple(OPERATORS)
    for node in ast.walk(tree):
        if not isinstance(node, (*_ALLOWED, *operators)):
            raise ToolException("Cannot calculate: use numbers, operators and functions only.")
        if isinstance(node, ast.Constant):
            _real(node.value)
