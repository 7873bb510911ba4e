"""Gives the tools of servers names that model servers take, always the same ones."""

import re
from hashlib import sha256
from typing import Final

LONGEST: Final = 64
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")


def tool_name(slug: str, remote_name: str) -> str:
    """Name a tool after its server and itself; what does not fit as it is gets a mark made of its whole name.

    So two of a server's tools that would be written alike are still told apart.
    """
    plain = f"{slug}__{_UNFIT.sub('_', remote_name)}"
    if plain == f"{slug}__{remote_name}" and len(plain) <= LONGEST:
        return plain
    mark = sha256(remote_name.encode()).hexdigest()[:8]
    return f"{plain[: LONGEST - len(mark) - 1]}_{mark}"
