"""Makes text of what was fetched, aside from the loop that all runs share."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from graphs.agent.pages.charsets import decode, media_type
from graphs.agent.pages.markdown import Text, to_markdown
from graphs.outbound.pages import Page

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_PLAIN: Final = frozenset({"application/json", "application/xml", "application/javascript"})
_PLAIN_ENDINGS: Final = ("+json", "+xml")
# Few: reading is work for the processor, which runs have to share.
_READERS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="page-reader")


class NoText(Exception):
    """The page is of a kind that holds no text; the message may be read by the model."""


async def read_page(page: Page) -> Text:
    """Read a page as Markdown or as it is. Raises NoText."""
    kind = media_type(page.content_type) or "text/plain"
    if kind not in _HTML | _PLAIN and not kind.startswith("text/") and not kind.endswith(_PLAIN_ENDINGS):
        raise NoText("The address leads to something that is no text.")
    return await asyncio.get_running_loop().run_in_executor(_READERS, _read, page, kind in _HTML)


def _read(page: Page, is_html: bool) -> Text:  # noqa: FBT001  # an executor passes by place
    text = decode(page.body, content_type=page.content_type, is_html=is_html)
    return to_markdown(text, address=page.address) if is_html else Text(title="", content=text, is_whole=True)
