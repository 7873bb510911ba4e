"""What a thread of the agent remembers."""

from typing import Annotated, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer
from typing_extensions import TypedDict  # pydantic reads it for the form in Studio

# A read walks back to the last snapshot, one checkpoint at a time: small enough to stay quick, large enough
# to store a fraction of what whole lists would take.
SNAPSHOT_FREQUENCY = 10


class Summary(TypedDict):
    """What the model is told of the messages up to and including `last_message_id`.

    `covers` names the very texts: the summary of one that was edited since is no longer true.
    """

    text: str
    last_message_id: str
    covers: NotRequired[str]


class AgentInput(TypedDict):
    """What a run may bring in."""

    messages: Annotated[
        list[AnyMessage], DeltaChannel(_messages_delta_reducer, snapshot_frequency=SNAPSHOT_FREQUENCY)
    ]


class AgentState(AgentInput, total=False):
    """`messages` stays whole for its readers; `summary` is for the model alone."""

    summary: Summary | None
