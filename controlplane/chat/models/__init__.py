"""What the control plane keeps of conversations: their metadata, an index of their words, tombstones."""

from controlplane.chat.models.indexed_messages import IndexedMessage
from controlplane.chat.models.session_queries import ChatSessionQuerySet
from controlplane.chat.models.sessions import ChatSession
from controlplane.chat.models.tombstones import DeletedThread

__all__ = ["ChatSession", "ChatSessionQuerySet", "DeletedThread", "IndexedMessage"]
