"""Turns of two model calls with a tool between them, spoken slowly enough to be broken off."""

from dataclasses import dataclass
from typing import Any

from tests.scripted_model import ScriptedModel

# 200 characters a second.
SLOWLY: dict[str, Any] = {"streamingProfile": {"ttft": 20, "tps": 20}, "chunkSize": 10}
LONG = "A word and more. " * 36
RESULT = "42"


@dataclass(frozen=True)
class Said:
    """What the model says in one call, and the tokens it counts for prompt and answer."""

    text: str
    figures: tuple[int, int] = (1, 1)

    @property
    def usage(self) -> dict[str, int]:
        """The figures as a provider sends them."""
        prompt, completion = self.figures
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


def script_tool_turn(model: ScriptedModel, word: str, first: Said, then: Said) -> None:
    """Answer `word` with a text and a tool call, and the tool's result with another text; both slowly."""
    call = {"id": "call_1", "name": "calculator", "arguments": {"expression": "6 * 7"}}
    model.script(
        {
            "match": {"userMessage": word, "hasToolResult": False},
            "response": {"content": first.text, "toolCalls": [call], "usage": first.usage},
            **SLOWLY,
        },
        {
            "match": {"userMessage": word, "hasToolResult": True},
            "response": {"content": then.text, "usage": then.usage},
            **SLOWLY,
        },
    )
