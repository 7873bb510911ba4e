"""The channel of a thread's messages: the agent writes it, the checkpointer reads it back."""

from langchain_core.messages import AnyMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer

NAME = "messages"
# Each snapshot is the whole list again. The checkpointer reads the written messages in two queries, so
# snapshots serve only other savers, and those of a thread must not add up to more than the thread.
SNAPSHOT_FREQUENCY = 2000

CHANNEL: DeltaChannel[list[AnyMessage]] = DeltaChannel(
    _messages_delta_reducer,  # type: ignore[arg-type]  # it takes any sequence of writes
    snapshot_frequency=SNAPSHOT_FREQUENCY,
)
