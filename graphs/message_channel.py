"""The channel of a thread's messages: the agent writes it, the checkpointer reads it back."""

from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer

NAME = "messages"
# Each snapshot is the whole list again. The checkpointer reads the written messages in two queries, so
# snapshots serve only other savers, and those of a thread must not add up to more than the thread.
SNAPSHOT_FREQUENCY = 2000

CHANNEL = DeltaChannel(_messages_delta_reducer, snapshot_frequency=SNAPSHOT_FREQUENCY)
