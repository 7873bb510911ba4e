"""Finds the conversation to summarize: a thread's, read where it is kept, or the messages of the input."""

from typing import Any

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from graphs.agent.graph import builder
from graphs.persistence.checkpointer import checkpointer
from graphs.persistence.open_checkpointers import open_checkpointer
from graphs.summarizer.state import SummarizerState


async def conversation_of(state: SummarizerState, source_thread_id: str) -> list[AnyMessage]:
    """Give what was said; nothing of a thread's is copied into this run's own state or arguments."""
    if not source_thread_id:
        return state.get("messages", [])
    saver = open_checkpointer()
    if saver is not None:
        return await _messages_of(source_thread_id, saver)
    async with checkpointer() as opened:
        return await _messages_of(source_thread_id, opened)


async def _messages_of(thread_id: str, saver: BaseCheckpointSaver[Any]) -> list[AnyMessage]:
    agent = builder.compile(checkpointer=saver, name="agent")
    place: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    state = await agent.aget_state(place)
    messages: list[AnyMessage] = state.values.get("messages", [])
    return messages
