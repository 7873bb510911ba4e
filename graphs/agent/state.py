"""What a thread of the agent remembers."""

from typing import Annotated, NotRequired

from langchain_core.messages import AnyMessage
from typing_extensions import TypedDict  # pydantic reads it for the form in Studio

from graphs.message_channel import CHANNEL


class Summary(TypedDict):
    """What the model is told of the messages up to and including `last_message_id`.

    `covers` names the very texts: the summary of one that was edited since is no longer true.
    """

    text: str
    last_message_id: str
    covers: NotRequired[str]


class AgentInput(TypedDict):
    """What a run may bring in."""

    messages: Annotated[list[AnyMessage], CHANNEL]


class AgentState(AgentInput, total=False):
    """`messages` stays whole for its readers; `summary` is for the model alone."""

    summary: Summary | None
