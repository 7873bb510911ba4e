"""Free ports on loopback for the servers that tests start."""

import socket

RESERVED = {2024}


def free_ports(count: int) -> list[int]:
    """Return distinct ports that nobody listens on right now."""
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            candidate = socket.socket()
            candidate.bind(("127.0.0.1", 0))
            if candidate.getsockname()[1] in RESERVED:
                candidate.close()
                continue
            sockets.append(candidate)
        return [entry.getsockname()[1] for entry in sockets]
    finally:
        for entry in sockets:
            entry.close()
