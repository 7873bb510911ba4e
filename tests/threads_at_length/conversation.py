"""A long conversation in ordinary words, through the real graph and the checkpointer."""

import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.graph.state import CompiledStateGraph

from graphs.agent.context import AgentContext
from graphs.agent.graph import builder
from graphs.persistence.checkpointer import Checkpointer

VOCABULARY = (
    "the of and to in is you that it he was for on are as with his they at be this have from or one had by "
    "word but not what all were we when your can said there use an each which she do how their if will up "
    "other about out many then them these so some her would make like him into time has look two more write "
    "go see number no way could people my than first water been call who oil its now find long down day did "
    "get come made may part over new sound take only little work know place year live me back give most very "
    "after thing our just name good sentence man think say great where help through much before line right"
)
WORDS = VOCABULARY.split()
QUESTION_WORDS, ANSWER_WORDS = 90, 180


class ServersWay(BaseCheckpointSaver[str]):
    """Stands before the checkpointer as the Agent Server does: it hands on these verbs and no others."""

    def __init__(self, saver: Checkpointer) -> None:
        super().__init__(serde=saver.serde)
        self._saver = saver

    async def aput(self, *args: Any) -> RunnableConfig:
        return await self._saver.aput(*args)

    async def aput_writes(self, *args: Any, **named: Any) -> None:
        await self._saver.aput_writes(*args, **named)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await self._saver.aget_tuple(config)

    async def alist(self, config: RunnableConfig | None, **named: Any) -> AsyncIterator[CheckpointTuple]:
        async for entry in self._saver.alist(config, **named):
            yield entry

    def get_next_version(self, current: str | None, channel: None) -> str:
        number = int(current.partition(".")[0]) if current else 0
        return f"{number + 1:032}.{Decimal(uuid4().int % 10**16).scaleb(-16):.16f}"


class Speaker:
    """A model that says something in ordinary words at once, with all that comes with a real answer."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # words, no secrets

    def bind_tools(self, tools: object) -> "Speaker":
        return self

    def words(self, count: int) -> str:
        return " ".join(self._random.choice(WORDS) for _ in range(count))

    async def ainvoke(self, view: object) -> AIMessage:
        return AIMessage(
            self.words(ANSWER_WORDS),
            id=f"lc_run--{uuid4()}",
            response_metadata={
                "finish_reason": "stop",
                "model_name": "gpt-4o-mini",
                "model_provider": "openai",
                "attempt_id": str(uuid4()),
            },
            usage_metadata={"input_tokens": 1000, "output_tokens": 240, "total_tokens": 1240},
        )


def agent(saver: BaseCheckpointSaver[str]) -> CompiledStateGraph:
    """The real graph over this saver."""
    return builder.compile(checkpointer=saver, name="agent")


async def ask(graph: CompiledStateGraph, thread: str, question: Any, **place: str) -> list[str]:
    """One run, as the server configures it; returns what its thread holds afterwards."""
    run, user = str(uuid4()), str(uuid4())
    given = {"run_id": run, "graph_id": "agent", "assistant_id": str(uuid4()), "user_id": user}
    told = {"langgraph_version": "1.2", "langgraph_plan": "enterprise", "owner": user, "thread_id": thread}
    config = {"configurable": {"thread_id": thread, **given, **place}, "metadata": {**given, **told}}
    said = {"messages": [HumanMessage(question)]} if isinstance(question, str) else question
    context = AgentContext(enable_summarization=False)
    result = await graph.ainvoke(said, config, context=context, durability="async")
    return [message.text for message in result["messages"]]
