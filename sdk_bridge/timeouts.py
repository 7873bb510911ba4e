"""How long the bridge waits, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of every wait, in seconds.

    `connect` bounds each of two attempts to reach the server, `request` one ordinary call with its answer.
    `stream_idle` is the longest silence of a stream; the server's heartbeats (every 5 s) break it, so a
    longer one is a dead connection. `run` bounds waiting for a run to end, and cancelling one.
    """

    connect: float = 2.0
    request: float = 10.0
    stream_idle: float = 90.0
    run: float = 300.0
