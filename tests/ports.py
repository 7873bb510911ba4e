"""Free ports on loopback for the servers that tests start."""

import os
import random
import socket

# Below the ports that the kernel gives to outgoing connections, which come and go at any moment.
FIRST, PER_WORKER = 10_000, 2_500


def free_ports(count: int) -> list[int]:
    """Return distinct ports that nobody listens on right now; test runs side by side never get the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker % 8 * PER_WORKER
    found: list[int] = []
    for port in random.SystemRandom().sample(range(first, first + PER_WORKER), PER_WORKER):
        if len(found) == count:
            break
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found
