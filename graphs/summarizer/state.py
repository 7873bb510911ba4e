"""The summarizer's input and output."""

from typing import Annotated, Literal, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict  # pydantic reads it for the form in Studio


class SummarizerInput(TypedDict):
    """The conversation, and what is wanted of it: a summary unless said otherwise."""

    messages: Annotated[list[AnyMessage], add_messages]
    task: NotRequired[Literal["summary", "title"]]


class SummarizerOutput(TypedDict, total=False):
    """The one that was asked for."""

    summary: str
    title: str


class SummarizerState(SummarizerInput, SummarizerOutput):
    """Input and output together."""
