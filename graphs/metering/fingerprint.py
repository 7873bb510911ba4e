"""Names the arguments of a tool call by their content, as the control plane does."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def arguments_hash(arguments: Mapping[str, Any]) -> str:
    """Give the SHA-256 of the arguments' canonical JSON, in hex."""
    canonical = json.dumps(arguments, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
