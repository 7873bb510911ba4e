"""Gets what was deleted out of the cache's own file, which keeps it until it is written anew."""

import logging
from typing import Final

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError, ResponseError

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 2.0
# What servers say that are just doing it, on a state that may be older than what was deleted.
UNDER_WAY: Final = "in progress"


def compact() -> bool:
    """Have the file written anew, in the background; returns False when it has to be asked for again.

    A server that does not let us, as hosted ones do, sees to its files itself.
    """
    with Redis.from_url(
        str(settings.CACHES["default"]["LOCATION"]),  # type: ignore[index]  # the stubs know no more of it
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
    ) as server:
        try:
            server.bgrewriteaof()
        except ResponseError as error:
            logger.warning("The cache's file is not written anew: %s", error)
            return UNDER_WAY not in str(error).lower()
        except RedisError as error:
            logger.warning("The cache does not answer: %s", type(error).__name__)
            return False
    return True
