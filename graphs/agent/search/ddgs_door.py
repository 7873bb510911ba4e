"""The one door to ddgs, which asks search engines that need no key, in threads of its own."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ddgs import DDGS
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

from graphs.agent.search.results import Found, read_results
from graphs.metering.tool_faults import PassingFault

SECONDS_PER_ENGINE: Final = 6
SECONDS: Final = 20.0
# What the library says, as an error, of a search that went well.
NOTHING: Final = "No results found."
# Its calls wait for their answer; those that nobody waits for any more end with their own time.
_SEARCHERS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="web-search")


async def search(question: str, *, most: int, engine: Callable[..., Any] = DDGS) -> list[Found]:
    """Search without a key. Raises PassingFault in words of our own."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            answers = await loop.run_in_executor(_SEARCHERS, _ask, engine, question, most)
    except (TimeoutError, TimeoutException):
        raise PassingFault("The search engines did not answer in time.") from None
    except RatelimitException:
        raise PassingFault("The search engines ask for fewer searches.") from None
    except DDGSException as error:
        if str(error) == NOTHING:
            return []
        raise PassingFault("The search engines cannot be reached, or gave no sensible answer.") from None
    return read_results(answers, address="href", excerpt="body", most=most)


def _ask(engine: Callable[..., Any], question: str, most: int) -> list[dict[str, Any]]:
    # Their lines hold the addresses that were asked, and with them the question.
    for name in ("ddgs", "primp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    answers: list[dict[str, Any]] = engine(timeout=SECONDS_PER_ENGINE).text(question, max_results=most)
    return answers
