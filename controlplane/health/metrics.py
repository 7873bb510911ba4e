"""Metrics for Prometheus: of this process, and of the books of the whole system."""

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from controlplane.health.books import Books


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with everything to who shows `METRICS_TOKEN`, and to others that there is nothing here."""
    wanted = settings.METRICS_TOKEN
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not wanted or not constant_time_compare(shown, wanted):
        raise Http404
    books = CollectorRegistry()
    books.register(Books())
    response = HttpResponse(_of_processes() + generate_latest(books), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_processes() -> bytes:
    """With several processes behind one address, each writes into a folder and any of them reads all."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
