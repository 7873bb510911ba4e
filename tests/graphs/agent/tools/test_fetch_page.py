"""What the model gets to read of a page, and in which words it is told that there is nothing."""

from collections.abc import Iterator

import pytest
from langchain_core.messages import ToolMessage

from graphs.agent.tools.fetch_page import LONGEST_TEXT, fetch_page
from graphs.metering.tool_faults import PassingFault
from tests.graphs.conftest import Configure
from tests.little_web import LittleWeb, little_web


@pytest.fixture
def site(configure: Configure) -> Iterator[LittleWeb]:
    configure(FETCH_PRIVATE_ADDRESSES="127.0.0.0/8")
    with little_web() as web:
        yield web


async def read(address: str) -> tuple[str, str]:
    call = {"type": "tool_call", "id": "c1", "name": "fetch_page", "args": {"address": address}}
    message = await fetch_page.ainvoke(call)
    assert isinstance(message, ToolMessage)
    return message.status, message.text


async def test_page_is_read_with_its_title_and_where_it_was(site: LittleWeb):
    site.put("/owl", b"<title>Owl</title><p>It sees.</p>")

    told = await read(site.put("/bird", status=301, Location="/owl"))

    assert told == ("success", f"# Owl\nPage at {site.url}/owl\n\nIt sees.")


async def test_long_pages_are_cut_with_a_notice(site: LittleWeb):
    address = site.put("/long", b"x" * (LONGEST_TEXT + 1), Content_Type="text/plain")

    _, text = await read(address)

    assert text == f"Page at {address}\n\n{'x' * LONGEST_TEXT}\n\n[Cut here: the page goes on.]"


async def test_empty_pages_are_said_to_be_empty(site: LittleWeb):
    address = site.put("/empty", b"<script>x</script>")

    assert await read(address) == ("success", f"Page at {address}\n\nThe page holds no text.")


@pytest.mark.parametrize(("status", "words"), [(404, "status 404"), (500, "status 500"), (403, "status 403")])
async def test_faults_that_last_are_told(site: LittleWeb, status: int, words: str):
    outcome, text = await read(site.put("/fault", b"details of theirs", status=status))

    assert (outcome, words in text, "details" in text) == ("error", True, False)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_faults_that_pass_may_be_tried_again(site: LittleWeb, status: int):
    with pytest.raises(PassingFault):
        await read(site.put("/fault", status=status))


async def test_addresses_inside_and_pages_without_text_are_refused(site: LittleWeb, configure: Configure):
    image = site.put("/image", b"x", Content_Type="image/png")
    assert await read(image) == ("error", "The address leads to something that is no text.")
    configure()
    assert await read(image) == ("error", "This address is not a public one and may not be read.")
    assert len(site.asked) == 1
