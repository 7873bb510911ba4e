"""The jobs of exports: making one, and the sweep that goes on with what was left and ends what is over."""

import uuid

import structlog
from asgiref.sync import async_to_sync
from celery import shared_task
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.errors import Unavailable
from controlplane.takeout.expiry import exports_clean_up, exports_end, exports_overdue
from controlplane.takeout.making import export_make
from sdk_bridge import Retryable

logger = structlog.get_logger(__name__)

# A stretch of a minute and the packing of all documents; below the time after which a job is handed out anew.
SOFT_TIME_LIMIT, TIME_LIMIT = 540, 570


def request_making(export_id: uuid.UUID) -> None:
    """Hand an export to the workers; a queue that is down loses nothing, the sweep comes by."""
    try:
        make_export.delay(str(export_id))
    except (QueueUnreachable, RedisError) as error:
        logger.warning("export_not_queued", export_id=str(export_id), error=repr(error))


@shared_task(name="takeout.make_export", soft_time_limit=SOFT_TIME_LIMIT, time_limit=TIME_LIMIT)
def make_export(export_id: str) -> None:
    """Make one stretch of an export; what may succeed later is left to the sweep."""
    try:
        has_more = async_to_sync(export_make)(export_id=uuid.UUID(export_id))
    except (Retryable, Unavailable) as error:
        logger.warning("export_put_off", export_id=export_id, code=error.code)
        return
    if has_more:
        request_making(uuid.UUID(export_id))


@shared_task(name="takeout.sweep_exports")
def sweep_exports() -> int:
    """Go on with exports that nobody is at, and end what is over; returns how many ended."""
    ended = exports_end()
    exports_clean_up()
    for export_id in exports_overdue():
        request_making(export_id)
    return ended
