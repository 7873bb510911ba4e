"""What each web process counts by itself: admissions, what they took, and why some were refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from controlplane.errors import ThreadplaneError

ADMISSION_SECONDS = Histogram(
    "threadplane_admission_seconds",
    "Time to decide whether a run may start",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
ADMISSIONS = Counter(
    "threadplane_admissions", "Runs asked for, by `admitted` or the code of the refusal", ["outcome"]
)


@contextmanager
def admission_measured() -> Iterator[None]:
    """Count an admission, whatever becomes of it; codes are the product's own, so their number is small."""
    began = time.perf_counter()
    outcome = "crashed"
    try:
        yield
        outcome = "admitted"
    except ThreadplaneError as error:
        outcome = error.code
        raise
    finally:
        ADMISSION_SECONDS.observe(time.perf_counter() - began)
        ADMISSIONS.labels(outcome).inc()
