"""Searching: by whom, what the model gets of it, and that neither keys nor others' words come along."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException
from langchain_core.messages import ToolMessage
from pydantic import Secret

from graphs.agent.context import AgentContext
from graphs.agent.search import ddgs_door
from graphs.agent.search.results import LONGEST_EXCERPT, NOTHING, in_words, read_results
from graphs.agent.toolbox import tools_of
from graphs.agent.tools.web_search import LONGEST_QUESTION, web_search
from graphs.control_plane import ToolPermit
from graphs.metering import tool_calls
from graphs.metering.tool_faults import PassingFault
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import SECRET
from tests.little_web import HOUSE_KEY, LittleWeb, little_web

OWLS = {"title": "Owls", "url": "https://owls.example", "content": "All about owls."}


@pytest.fixture
def provider(configure: Configure) -> Iterator[LittleWeb]:
    with little_web() as web:
        configure(TAVILY_API_KEY=HOUSE_KEY, TAVILY_BASE_URL=web.url)
        web.results.append(OWLS)
        yield web


async def search(question: str = "owls", **arguments: Any) -> tuple[str, str]:
    call = {
        "type": "tool_call",
        "id": "c1",
        "name": "web_search",
        "args": {"question": question, **arguments},
    }
    message = await web_search.ainvoke(call)
    assert isinstance(message, ToolMessage)
    return message.status, message.text


async def test_results_are_told_with_title_address_and_excerpt(provider: LittleWeb):
    assert await search() == ("success", "1. Owls\nhttps://owls.example\nAll about owls.")


async def test_no_more_are_given_than_were_asked_for(provider: LittleWeb):
    provider.results.extend([OWLS] * 30)

    assert (await search(most_results=2))[1].count("owls.example") == 2
    assert (await search(most_results=99))[1].count("owls.example") == 10


@pytest.mark.parametrize("question", ["", "  ", "x" * (LONGEST_QUESTION + 1)])
async def test_questions_are_bounded(provider: LittleWeb, question: str):
    assert (await search(question))[0] == "error"
    assert provider.asked == []


async def test_permit_says_who_searches_and_brings_the_key(
    configure: Configure, key_file: Any, provider: LittleWeb, monkeypatch: pytest.MonkeyPatch
):
    configure(
        CONTROL_PLANE_URL="http://127.0.0.1:1", CONTROL_PLANE_SECRET=SECRET, AGENT_JWKS_FILE=str(key_file)
    )
    permit = ToolPermit(
        configuration={"search_provider": "tavily", "search_base_url": provider.url},
        secrets={"search_key": Secret(HOUSE_KEY)},
    )

    assert await search() == ("error", "There is no search provider.")
    token = tool_calls._permit.set(permit)
    try:
        assert (await search())[0] == "success"
    finally:
        tool_calls._permit.reset(token)


@pytest.mark.parametrize(
    ("status", "is_passing"),
    [(401, False), (403, False), (400, False), (429, True), (500, True), (204, True)],
)
async def test_faults_of_the_provider_are_told_in_our_words(
    provider: LittleWeb, status: int, is_passing: bool
):
    body = b'{"detail": {"error": "raw words"}}'
    provider.put("/search", b"" if status == 204 else body, status=status, Content_Type="application/json")
    if is_passing:
        with pytest.raises(PassingFault) as fault:
            await search()
        assert fault.value.__suppress_context__
        words = str(fault.value)
    else:
        outcome, words = await search()
        assert outcome == "error"
    assert "raw" not in words
    assert HOUSE_KEY not in words


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b'{"results": 1}', b"null"])
async def test_nonsense_is_a_fault_that_passes(provider: LittleWeb, body: bytes):
    provider.put("/search", body, Content_Type="application/json")

    with pytest.raises(PassingFault):
        await search()


@pytest.mark.parametrize(
    ("environment", "is_offered"),
    [
        ({}, True),
        ({"WEB_SEARCH": "ddgs"}, True),
        ({"WEB_SEARCH": "tavily", "TAVILY_API_KEY": HOUSE_KEY}, True),
        ({"WEB_SEARCH": "tavily"}, False),
        ({"WEB_SEARCH": "off", "TAVILY_API_KEY": HOUSE_KEY}, False),
    ],
)
def test_standalone_it_is_offered_where_somebody_can_search(
    configure: Configure, environment: dict[str, str], is_offered: bool
):
    configure(**environment)

    assert ("web_search" in {tool.name for tool in tools_of(AgentContext())}) is is_offered


def test_results_are_bounded_and_lead_to_pages_alone():
    long = {"title": "x\n y", "url": "https://a.example", "content": "y" * 100_000}
    answers = [long, {"url": "javascript:x"}, {"url": "https://" + "a" * 600}, "nonsense", {"url": None}]

    [found] = read_results(answers, address="url", excerpt="content", most=9)

    assert (found.title, found.address, len(found.excerpt)) == ("x y", "https://a.example", LONGEST_EXCERPT)
    assert in_words([]) == NOTHING


def engine(outcome: Any) -> Callable[..., Any]:
    """Stands in for the library: gives its results, or raises its errors."""

    class Engine:
        def __init__(self, *, timeout: int) -> None:
            assert timeout <= ddgs_door.SECONDS

        def text(self, question: str, *, max_results: int) -> Any:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    return Engine


async def test_search_without_a_key():
    answers = [{"title": "Owls", "href": "https://owls.example", "body": "All about owls."}]

    [found] = await ddgs_door.search("owls", most=5, engine=engine(answers))
    nothing = await ddgs_door.search("owls", most=5, engine=engine(DDGSException("No results found.")))

    assert (found.address, found.excerpt, nothing) == ("https://owls.example", "All about owls.", [])


@pytest.mark.parametrize(
    "fault", [RatelimitException("raw"), TimeoutException("raw"), DDGSException("raw")], ids=type
)
async def test_faults_of_engines_pass_and_are_told_in_our_words(fault: Exception):
    with pytest.raises(PassingFault) as told:
        await ddgs_door.search("owls", most=5, engine=engine(fault))
    assert "raw" not in str(told.value)


async def test_library_itself_without_a_way_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    monkeypatch.setenv("DDGS_PROXY", "http://127.0.0.1:9")
    started = time.monotonic()

    with pytest.raises(PassingFault):
        await ddgs_door.search("secret-question", most=1)
    assert time.monotonic() - started < ddgs_door.SECONDS + 5
    assert "secret-question" not in caplog.text
