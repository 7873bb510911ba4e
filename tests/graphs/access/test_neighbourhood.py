"""Who counts as near."""

import json

import pytest

from graphs.access.neighbourhood import calls_this_machine, sent_by_a_stranger
from tests.graphs.agent_server import ROOT
from tests.graphs.conftest import Configure


@pytest.mark.parametrize("host", ["localhost:8123", "127.0.0.1:8123", "[::1]:8123", "localhost", "[::1]"])
def test_loopback_names_are_this_machine(host: str):
    assert calls_this_machine({"host": host})


@pytest.mark.parametrize(
    "host",
    ["", "evil.example:8123", "192.168.1.7:8123", "localhost.evil.example", "127.0.0.1.evil.example:80"],
)
def test_other_names_are_not(host: str):
    assert not calls_this_machine({"host": host})


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1:8000", "https://smith.langchain.com"]
)
def test_local_pages_and_studio_are_no_strangers(configure: Configure, origin: str):
    configure()

    assert not sent_by_a_stranger({"origin": origin})


def test_a_program_sends_no_origin(configure: Configure):
    configure()

    assert not sent_by_a_stranger({})


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://smith.langchain.com",
        "https://smith.langchain.com.evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://evil.example:localhost",
        "http://[",
        "null",
        "file://",
    ],
)
def test_other_pages_are_strangers(configure: Configure, origin: str):
    configure()

    assert sent_by_a_stranger({"origin": origin})


def test_the_operator_may_name_a_page(configure: Configure):
    configure(CORS_CONFIG=json.dumps({"allow_origins": ["https://studio.example"], "max_age": 600}))

    assert not sent_by_a_stranger({"origin": "https://studio.example"})
    assert sent_by_a_stranger({"origin": "https://evil.example"})


def test_pages_that_the_server_lets_read_are_no_strangers(configure: Configure):
    configure()
    cors = json.loads((ROOT / "langgraph.json").read_text())["http"]["cors"]

    assert [origin for origin in cors["allow_origins"] if sent_by_a_stranger({"origin": origin})] == []
