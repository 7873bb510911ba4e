"""Reads a stranger's file in a child process that may neither take long nor grow, nor end its parent."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from controlplane.documents.extraction.bounds import Bounds
from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.kinds import Kind
from controlplane.documents.extraction.pages import Page

CHILD: Final = "controlplane.documents.extraction.child"
ROOT: Final = Path(__file__).resolve().parents[3]
# Its libraries load within this, beside what the reading itself may take.
STARTING_SECONDS: Final = 30.0
PIECE: Final = 1 << 16

logger = structlog.get_logger(__name__)


def extract(path: Path, *, bounds: Bounds | None = None) -> Iterator[Kind | Page]:
    """Yield what the file is, then its pages as they are read. Raises ExtractionFailed, also late.

    The child is gone when this ends, however it ends; who stops earlier closes the iterator.
    """
    bounds = bounds or Bounds()
    is_whole = False
    with _child(path, bounds) as child:
        for line in _lines(child, bounds):
            if "failure" in line:
                logger.info("file_not_read", failure=line["failure"], error=line.get("error", ""))
                raise ExtractionFailed(Failure(line["failure"]))
            if "kind" in line:
                yield Kind(line["kind"])
            elif "page" in line:
                yield Page(**line["page"])
            is_whole = is_whole or "done" in line
    if not is_whole:
        raise ExtractionFailed(_cause_of_death(child.returncode))


@contextmanager
def _child(path: Path, bounds: Bounds) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", CHILD, *bounds.as_words(), str(path)]
    # Nothing of this process's environment: it holds secrets, and a reader needs none.
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _lines(child: "subprocess.Popen[bytes]", bounds: Bounds) -> Iterator[dict[str, Any]]:
    """Give its lines until it ends; raises ExtractionFailed when that takes too long."""
    deadline = time.monotonic() + STARTING_SECONDS + bounds.seconds
    rest = b""
    while piece := _read(child, deadline):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield json.loads(line)
    child.wait(timeout=STARTING_SECONDS)


def _read(child: "subprocess.Popen[bytes]", deadline: float) -> bytes:
    assert child.stdout is not None  # noqa: S101  # it was made with one
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        if not selector.select(max(deadline - time.monotonic(), 0)):
            raise ExtractionFailed(Failure.TOO_SLOW)
    return os.read(child.stdout.fileno(), PIECE)


def _cause_of_death(code: int | None) -> Failure:
    return Failure.TOO_SLOW if code == -signal.SIGXCPU else Failure.READER_DIED
