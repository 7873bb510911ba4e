"""How long a caller of the REST API waits for the Agent Server, however many calls its answer takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sdk_bridge import ServerTimedOut

LONGEST_SECONDS = 12.0


@asynccontextmanager
async def answered_in_time() -> AsyncIterator[None]:
    """Bound a block of several calls, each of which has a bound of its own. Raises ServerTimedOut."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            yield
    except TimeoutError as error:
        raise ServerTimedOut("The Agent Server did not answer in time.") from error
