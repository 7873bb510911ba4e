"""Where OpenAI-compatible servers stream a model's reasoning, and where it is kept: apart from the text."""

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.messages import AIMessageChunk, BaseMessage

# LangChain's own place for it: shown as a reasoning block, and never sent back to the model.
KEPT_AS: Final = "reasoning_content"
# DeepSeek, vLLM and llama.cpp use the first name, OpenRouter and newer vLLM the second.
_SENT_AS: Final = ("reasoning_content", "reasoning")


def keep_reasoning(message: BaseMessage, chunk: Mapping[str, Any]) -> None:
    """Put the reasoning of a raw chunk into its message, in place; OpenAI's own client passes it over."""
    choices = chunk.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    said = next((delta[name] for name in _SENT_AS if isinstance(delta.get(name), str) and delta[name]), "")
    if said and isinstance(message, AIMessageChunk):
        message.additional_kwargs[KEPT_AS] = said


def reasoning_of(message: BaseMessage) -> str:
    """Give what a message or a piece of one holds of reasoning."""
    said = message.additional_kwargs.get(KEPT_AS)
    return said if isinstance(said, str) else ""
