"""Counts the tokens of one call: what the provider said, or an estimate when it said nothing."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.utils import count_tokens_approximately

from graphs.metering.reasoning import reasoning_of

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Usage:
    """Token counts; cached ones are part of the input, reasoning ones of the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimated: bool = False


@dataclass
class Tally:
    """What was seen of an answer so far."""

    prompt_tokens: int
    characters: int = 0
    is_sent: bool = True
    reported: UsageMetadata | None = field(default=None)

    def add(self, chunk: AIMessageChunk) -> None:
        """Take one chunk in. Where usage comes more than once, it is a running total: the last one counts."""
        self.characters += len(chunk.text) + len(reasoning_of(chunk))
        self.characters += sum(
            len(call.get("args") or "") + len(call.get("name") or "") for call in chunk.tool_call_chunks
        )
        if chunk.usage_metadata is not None:
            self.reported = chunk.usage_metadata

    def usage(self) -> Usage:
        """Sum up; a request that never reached a model used nothing."""
        if self.reported is not None:
            return self._complete(_reported(self.reported))
        if not self.is_sent:
            return Usage()
        return Usage(
            input_tokens=self.prompt_tokens,
            output_tokens=math.ceil(self.characters / CHARACTERS_PER_TOKEN),
            is_estimated=True,
        )

    def _complete(self, usage: Usage) -> Usage:
        """Estimate a prompt that was not counted: some servers count the answer alone where they stream."""
        if usage.input_tokens or not usage.output_tokens:
            return usage
        return replace(usage, input_tokens=self.prompt_tokens, is_estimated=True)


def estimate_prompt(messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> int:
    """Estimate the tokens of a request: its messages, its tools and its schema."""
    extras = [options[name] for name in ("tools", "response_format") if options.get(name)]
    characters = len(json.dumps(extras, default=str)) if extras else 0
    return count_tokens_approximately(messages) + math.ceil(characters / CHARACTERS_PER_TOKEN)


def _reported(usage: UsageMetadata) -> Usage:
    return Usage(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cached_tokens=usage.get("input_token_details", {}).get("cache_read") or 0,
        reasoning_tokens=usage.get("output_token_details", {}).get("reasoning") or 0,
    )
