"""The jobs of the runs: settle one that ended, and sweep those whose end was missed."""

from uuid import UUID

from asgiref.sync import async_to_sync
from celery import Task, shared_task

from controlplane.runs import settlement
from controlplane.runs.metered import abandoned_calls_settle
from controlplane.runs.resumes import sweep_resumes
from controlplane.runs.sweep import sweep_late_records, sweep_open_runs
from sdk_bridge import Retryable

# 1, 2, 4 and 8 s apart; the sweep takes over from there.
RETRIES = 4


@shared_task(name="runs.settle_run", bind=True, max_retries=RETRIES)
def settle_run(self: "Task[[str], None]", run_id: str) -> None:
    """Settle one run; come back for it while its end or a record of it is still on the way."""
    try:
        settled = async_to_sync(settlement.settle_run)(UUID(run_id))
    except Retryable:
        settled = False
    if not settled and self.request.retries < RETRIES:
        raise self.retry(countdown=2**self.request.retries)


@shared_task(name="runs.sweep_runs")
def sweep_runs() -> int:
    """Settle what was missed; a sweep that fails is made up for by the next one."""
    return async_to_sync(sweep_open_runs)()


@shared_task(name="runs.sweep_late_records")
def sweep_records() -> int:
    """Correct what was booked by estimate; a sweep that fails is made up for by the next one."""
    return async_to_sync(sweep_late_records)()


@shared_task(name="runs.settle_abandoned_calls")
def settle_abandoned() -> int:
    """Settle the calls outside of runs whose process died; a sweep that fails is made up for by the next."""
    return abandoned_calls_settle()


@shared_task(name="runs.resume_decided")
def resume_decided() -> int:
    """Start what was decided and did not go on; a sweep that fails is made up for by the next one."""
    return async_to_sync(sweep_resumes)()
