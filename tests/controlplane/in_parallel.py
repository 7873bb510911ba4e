"""Runs the same work many times at once, in threads that share the connection pool as requests do."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def in_parallel(count: int, work: Callable[[int], object]) -> list[object]:
    """Start all at the same moment; returns each result, or the exception in its place."""
    start = threading.Barrier(count)

    def run(number: int) -> object:
        try:
            start.wait(timeout=30)
            return work(number)
        except Exception as error:  # noqa: BLE001  # the test looks at what each one raised
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
