"""What the scripted model says in a storm: each kind of turn has its own word and its own answer."""

from typing import Any

from tests.scripted_model import ScriptedModel

AFTERWARDS = "chaos-afterwards"
SUMMARIES = ("Create a summary of the conversation above", "Extend this summary by taking into account")
# 200 characters a second.
SPOKEN: dict[str, Any] = {"streamingProfile": {"ttft": 50, "tps": 20}, "chunkSize": 10}
SILENT: dict[str, Any] = {"streamingProfile": {"ttft": 2000, "tps": 50}, "chunkSize": 10}
SHORT, LONG = "A word and more. " * 12, "A word and more. " * 120


def word_of(kind: str) -> str:
    """Return the word that all messages of a kind have, and no others."""
    return f"chaos-{kind}"


def write_script(model: ScriptedModel) -> None:
    """Give the model its lines; every answer says what it used."""
    model.reply(word_of("spoken"), SHORT, prompt_tokens=31, completion_tokens=41, **SPOKEN)
    model.reply(word_of("waited"), SHORT, prompt_tokens=37, completion_tokens=43, **SPOKEN)
    model.reply(word_of("silent"), SHORT, prompt_tokens=41, completion_tokens=47, **SILENT)
    model.reply(word_of("left"), SHORT * 2, prompt_tokens=43, completion_tokens=53, **SPOKEN)
    model.reply(word_of("dropped"), LONG, prompt_tokens=47, completion_tokens=59, **SPOKEN)
    model.reply(word_of("cancelled"), LONG, prompt_tokens=53, completion_tokens=61, **SPOKEN)
    model.reply(
        word_of("cut"), LONG, prompt_tokens=59, completion_tokens=67, **SPOKEN, truncateAfterChunks=10
    )
    model.fail(word_of("failing"), 500)
    model.fail(word_of("busy"), 429)
    _script_tool(model, word_of("tool"))
    model.reply(AFTERWARDS, "Still here.", prompt_tokens=61, completion_tokens=71)
    for summary in SUMMARIES:
        model.reply(summary, "They talked.", prompt_tokens=67, completion_tokens=73)


def _script_tool(model: ScriptedModel, word: str) -> None:
    call = {"id": "call_1", "name": "calculator", "arguments": {"expression": "6 * 7"}}
    model.script(
        {
            "match": {"userMessage": word, "hasToolResult": False},
            "response": {"content": SHORT, "toolCalls": [call], "usage": _usage(71, 79)},
            **SPOKEN,
        },
        {
            "match": {"userMessage": word, "hasToolResult": True},
            "response": {"content": "It is 42.", "usage": _usage(73, 83)},
            **SPOKEN,
        },
    )


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
