"""The jobs of upkeep: retention, and the comparison of both planes."""

import structlog
from asgiref.sync import async_to_sync
from celery import shared_task

from controlplane.chat.retention import Retention
from controlplane.upkeep.drift import drift_check
from controlplane.upkeep.retention import sessions_retire
from sdk_bridge import Retryable

logger = structlog.get_logger(__name__)


@shared_task(name="upkeep.retire_sessions")
def retire_sessions() -> int:
    """Archive and delete what is due; returns how many sessions that were."""
    done = sessions_retire(rule=Retention.in_force())
    if done.has_more:
        retire_sessions.delay()
    return done.archived + done.deleted


@shared_task(name="upkeep.check_drift")
def check_drift() -> int:
    """Compare sessions with threads; returns how many differences were met."""
    try:
        check = async_to_sync(drift_check)()
    except Retryable as error:
        logger.warning("drift_check_put_off", code=error.code)
        return 0
    if not check.is_over:
        check_drift.delay()
    return check.found
