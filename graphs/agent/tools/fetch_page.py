"""Reads a page of the web for the model."""

from functools import cache

from langchain_core.tools import ToolException, tool
from pydantic import IPvAnyNetwork

from graphs.agent.pages.reading import NoText, read_page
from graphs.metering.tool_faults import PassingFault
from graphs.outbound.addresses import Guard
from graphs.outbound.errors import FetchFailed, NoAnswer
from graphs.outbound.pages import Fetcher, Page
from graphs.settings import read_settings

LONGEST_TEXT = 20_000
FAULTS = 400
# Of the faults of servers, those that pass.
PASSING = frozenset({429, 502, 503, 504})


@tool
async def fetch_page(address: str) -> str:
    """Read one page of the web as text. The address is a whole one, such as "https://example.org/page"."""
    try:
        page = await _fetcher(read_settings().fetch_private_addresses).fetch(address)
        _check_status(page)
        text = await read_page(page)
    except NoAnswer as error:
        raise PassingFault(str(error)) from None
    except (FetchFailed, NoText) as error:
        raise ToolException(str(error)) from None
    heading = f"# {text.title}\n" if text.title else ""
    return f"{heading}Page at {page.address}\n\n{_shortened(text.content, is_whole=text.is_whole)}"


fetch_page.handle_tool_error = True


@cache
def _fetcher(private: tuple[IPvAnyNetwork, ...]) -> Fetcher:
    return Fetcher(Guard(private=private))


def _check_status(page: Page) -> None:
    if page.status in PASSING:
        raise PassingFault(f"The page's server is busy or out of order (status {page.status}).")
    if page.status >= FAULTS:
        raise ToolException(f"The page's server refused (status {page.status}).")


def _shortened(content: str, *, is_whole: bool) -> str:
    if not content.strip():
        return "The page holds no text."
    if len(content) <= LONGEST_TEXT and is_whole:
        return content
    return f"{content[:LONGEST_TEXT]}\n\n[Cut here: the page goes on.]"
