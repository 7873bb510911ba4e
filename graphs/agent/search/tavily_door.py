"""The one door to Tavily."""

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import httpx
from langchain_core.tools import ToolException
from tavily import AsyncTavilyClient  # type: ignore[import-untyped]  # ships no types
from tavily import errors as faults

from graphs.agent.search.results import Found, read_results
from graphs.metering.tool_faults import PassingFault

ADDRESS: Final = "https://api.tavily.com"
SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
SERVER_FAULTS: Final = 500


async def search(question: str, *, most: int, key: str, base_url: str | None) -> list[Found]:
    """Search with the house's key. Raises PassingFault or ToolException, in words of our own."""
    timeout = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
    # Reading the certificates from disk takes a while, and this is the loop that all runs share.
    trust = await asyncio.to_thread(_trust)
    async with httpx.AsyncClient(base_url=base_url or ADDRESS, timeout=timeout, verify=trust) as connection:
        answer = await _ask(AsyncTavilyClient(api_key=key, client=connection), question, most)
    if not isinstance(answer, Mapping) or not isinstance(answer.get("results"), list):
        raise PassingFault("The search provider gave no sensible answer.")
    return read_results(answer["results"], address="url", excerpt="content", most=most)


async def _ask(client: AsyncTavilyClient, question: str, most: int) -> Any:
    try:
        async with asyncio.timeout(SECONDS):
            return await client.search(question, max_results=most, timeout=SECONDS)
    except faults.UsageLimitExceededError:
        raise PassingFault("The search provider asks for fewer searches.") from None
    except (faults.InvalidAPIKeyError, faults.ForbiddenError):
        raise ToolException("The house's account with the search provider is refused.") from None
    except faults.BadRequestError:
        raise ToolException("The search provider did not accept this question.") from None
    except httpx.HTTPStatusError as error:
        if error.response.status_code >= SERVER_FAULTS:
            raise PassingFault("The search provider is out of order.") from None
        raise ToolException("The search provider did not accept the request.") from None
    except (faults.TimeoutError, TimeoutError, httpx.HTTPError):
        raise PassingFault("The search provider cannot be reached, or did not answer in time.") from None
    # It makes errors out of anything that is no answer in JSON.
    except (ValueError, TypeError, AttributeError):
        raise PassingFault("The search provider gave no sensible answer.") from None


@cache
def _trust() -> Any:
    return httpx.create_ssl_context()
