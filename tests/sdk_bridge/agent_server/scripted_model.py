"""A chat model that answers by script, streaming word by word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult


class ScriptedChatModel(BaseChatModel):
    """Yields `chunks` with a pause before each, and the usage of the call at the end."""

    chunks: list[AIMessageChunk]
    pause: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("streamed only")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self.chunks:
            await asyncio.sleep(self.pause)
            yield ChatGenerationChunk(message=chunk.model_copy())
        usage = {"input_tokens": 7, "output_tokens": len(self.chunks), "total_tokens": 7 + len(self.chunks)}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))


def speaking(text: str, *, pause: float = 0.0) -> ScriptedChatModel:
    """Say a text word by word."""
    head, *words = text.split(" ")
    pieces = [head, *(f" {word}" for word in words)]
    return ScriptedChatModel(chunks=[AIMessageChunk(content=piece) for piece in pieces], pause=pause)


def speaking_in_blocks(text: str) -> ScriptedChatModel:
    """Say a text as content blocks, between blocks of another kind."""
    reasoning = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "hm", "index": 0}])
    spoken = [
        AIMessageChunk(content=[{"type": "text", "text": piece, "index": 1}]) for piece in text.partition(" ")
    ]
    return ScriptedChatModel(chunks=[reasoning, *spoken])


def calling(tool: str, arguments: list[str]) -> ScriptedChatModel:
    """Call a tool, its arguments streamed in pieces."""
    chunks = [
        AIMessageChunk(
            content="",
            tool_call_chunks=[
                {
                    "name": tool if position == 0 else None,
                    "args": piece,
                    "id": "call-1" if position == 0 else None,
                    "index": 0,
                    "type": "tool_call_chunk",
                }
            ],
        )
        for position, piece in enumerate(arguments)
    ]
    return ScriptedChatModel(chunks=chunks)
