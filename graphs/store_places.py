"""Where the store keeps what is users' own."""

from typing import Final

USERS: Final = "users"
MEMORIES: Final = "memories"

Namespace = tuple[str, ...]


def memories_of(user_id: str) -> Namespace:
    """Give the place of one user's memories."""
    return (USERS, user_id, MEMORIES)


def is_of_memories(namespace: Namespace) -> bool:
    """Whether a place is one user's memories, or lies below them."""
    return namespace[:1] == (USERS,) and namespace[2:3] == (MEMORIES,)
