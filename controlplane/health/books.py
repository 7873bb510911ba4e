"""What the books say of the last minutes, as metrics: the same from each process, whoever did the work.

Every question is answered by an index, over a window that does not grow with the history.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, F, Min, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis

from controlplane.approvals.models import Status, ToolApproval
from controlplane.documents.models import UserDocument
from controlplane.erasure.models import DeletionReceipt
from controlplane.runs.models import Run
from controlplane.upkeep.models import DriftFinding
from controlplane.usage.models import TokenUsage

WINDOW: Final = timedelta(minutes=5)
# Of the runs of the window, the newest so many say how long settlement takes.
LAG_SAMPLE: Final = 1_000
QUEUE_SECONDS: Final = 3
QUANTILES: Final = (0.5, 0.95, 1.0)


class Books(Collector):
    """Collects all of it anew at each scrape; what the database or the queue raises fails the scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask each question."""
        for question in QUESTIONS:
            yield from question()


def _gauge(
    name: str, says: str, values: Iterable[tuple[tuple[str, ...], float]], *, labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"threadplane_{name}", says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _runs() -> Iterator[GaugeMetricFamily]:
    since = timezone.now() - WINDOW
    recent = Run.objects.filter(admitted_at__gte=since).order_by()
    found = dict(recent.values_list("status").annotate(runs=Count("*")))
    yield _gauge(
        "runs_recent",
        "Runs that were admitted within the last five minutes, by status",
        [((status,), found.get(status, 0)) for status in Run.Status.values],
        labels=("status",),
    )
    ended = Run.objects.filter(admitted_at__gte=since, settled_at__isnull=False, ended_at__isnull=False)
    spans = ended.order_by("-admitted_at").annotate(lag=F("settled_at") - F("ended_at"))
    lags = sorted(lag.total_seconds() for lag in spans.values_list("lag", flat=True)[:LAG_SAMPLE])
    yield _gauge(
        "settlement_lag_seconds",
        "From a run's end to its settlement, of runs of the last five minutes; nothing where there were none",
        [((str(share),), lags[min(int(share * len(lags)), len(lags) - 1)]) for share in QUANTILES if lags],
        labels=("quantile",),
    )
    oldest = Run.objects.unsettled().aggregate(oldest=Min("admitted_at"))["oldest"]
    yield _gauge(
        "oldest_unsettled_run_seconds",
        "Age of the oldest run that is not settled",
        [((), (timezone.now() - oldest).total_seconds() if oldest else 0)],
    )


def _usage() -> Iterator[GaugeMetricFamily]:
    recent = TokenUsage.objects.filter(created_at__gte=timezone.now() - WINDOW)
    sums = recent.aggregate(
        prompt=Coalesce(Sum("prompt_tokens"), 0),
        completion=Coalesce(Sum("completion_tokens"), 0),
        cost=Sum("total_cost"),
    )
    yield _gauge(
        "tokens_recent",
        "Tokens of calls of the last five minutes",
        [((kind,), sums[kind]) for kind in ("prompt", "completion")],
        labels=("kind",),
    )
    yield _gauge(
        "cost_recent_dollars",
        "What the calls of the last five minutes cost, as far as they have prices",
        [((), float(sums["cost"] or 0))],
    )
    failed = recent.exclude(outcome="finished").exclude(outcome="").order_by()
    yield _gauge(
        "calls_not_finished_recent",
        "Calls of the last five minutes that did not finish, by outcome",
        [
            ((str(outcome),), calls)
            for outcome, calls in failed.values_list("outcome").annotate(rows=Count("*"))
        ],
        labels=("outcome",),
    )
    pending = TokenUsage.objects.filter(state="pending").aggregate(rows=Count("*"), oldest=Min("created_at"))
    yield _gauge("usage_pending", "Rows of usage that wait for their settlement", [((), pending["rows"])])
    age = (timezone.now() - pending["oldest"]).total_seconds() if pending["oldest"] else 0
    yield _gauge("oldest_usage_pending_seconds", "Age of the oldest of them", [((), age)])


def _planes() -> Iterator[GaugeMetricFamily]:
    open_ones = DriftFinding.objects.filter(resolved_at__isnull=True).order_by()
    yield _gauge(
        "drift_open",
        "Differences between the planes that stand, by kind",
        [((kind,), found) for kind, found in open_ones.values_list("kind").annotate(rows=Count("*"))],
        labels=("kind",),
    )
    waiting = ToolApproval.objects.filter(status=Status.PENDING).count()
    yield _gauge("approvals_waiting", "Tool calls that wait for their user", [((), waiting)])
    open_deletions = DeletionReceipt.objects.filter(checked_at__isnull=True).count()
    yield _gauge("deletions_open", "Deletions that were not looked at again", [((), open_deletions)])


def _documents() -> Iterator[GaugeMetricFamily]:
    unready = UserDocument.objects.filter(processing_status__in=("pending", "processing"))
    found = dict(unready.order_by().values_list("processing_status").annotate(rows=Count("*")))
    failed = UserDocument.objects.filter(
        processing_status="failed", created_at__gte=timezone.now() - timedelta(days=1)
    )
    yield _gauge(
        "documents",
        "Documents on their way, and those of the last day that failed",
        [
            *(((status,), found.get(status, 0)) for status in ("pending", "processing")),
            (("failed",), failed.count()),
        ],
        labels=("status",),
    )


def _queues() -> Iterator[GaugeMetricFamily]:
    bounds = {"socket_timeout": QUEUE_SECONDS, "socket_connect_timeout": QUEUE_SECONDS}
    with Redis.from_url(settings.CELERY_BROKER_URL, **bounds) as broker:
        names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
        lengths = [((name,), float(str(broker.llen(name)))) for name in names]
    yield _gauge("queue_depth", "Jobs that wait for a worker, by queue", lengths, labels=("queue",))


QUESTIONS: Final[tuple[Callable[[], Iterator[GaugeMetricFamily]], ...]] = (
    _runs,
    _usage,
    _planes,
    _documents,
    _queues,
)
