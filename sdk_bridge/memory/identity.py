"""Who calls the in-memory server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller: users see their own threads, the service sees all of them and the usage records."""

    id: str
    is_service: bool = False
