"""The page: what it loads, and what its browser is told it may do."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from controlplane.webchat import built

FOLDER = built.MANIFEST.parent
MOST_BYTES = 250_000

MANIFEST = {
    "src/main.tsx": {"file": "assets/main-12345678.js", "imports": ["_a.js"], "css": ["assets/main-1.css"]},
    "_a.js": {"file": "assets/a-12345678.js", "imports": ["_b.js"], "css": ["assets/a-1.css"]},
    "_b.js": {"file": "assets/b-12345678.js", "imports": ["_a.js"]},
    "src/late.tsx": {"file": "assets/late-12345678.js", "isDynamicEntry": True},
}


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's build is said to be; there is none yet."""
    path = tmp_path / "manifest.json"
    monkeypatch.setattr(built, "MANIFEST", path)
    return path


def test_the_page_loads_what_it_starts_with_and_nothing_else(manifest: Path) -> None:
    manifest.write_text(json.dumps(MANIFEST))
    page = Client().get(reverse("webchat")).content.decode()
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == [
        "/static/webchat/icon.svg",
        "/static/webchat/assets/main-1.css",
        "/static/webchat/assets/a-1.css",
        "/static/webchat/assets/a-12345678.js",
        "/static/webchat/assets/b-12345678.js",
        "/static/webchat/assets/main-12345678.js",
    ]
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)


def test_the_policy_lets_it_speak_to_the_agent_server_alone(manifest: Path, settings) -> None:
    manifest.write_text(json.dumps(MANIFEST))
    answer = Client().get("/chat/c/0190-a")
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; ") if " " in part)
    assert policy["connect-src"].split() == ["'self'", settings.LANGGRAPH_PUBLIC_URL.rstrip("/")]
    assert policy["style-src"].split()[0] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "csrftoken" in answer.cookies
    assert "no-store" in answer["Cache-Control"]


def test_without_a_build_it_says_how_to_make_one(manifest: Path) -> None:
    answer = Client().get("/chat/")
    assert answer.status_code == 503
    assert b"make webchat" in answer.content


def test_the_first_address_leads_to_the_chat() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/chat/")


@pytest.mark.skipif(not built.MANIFEST.exists(), reason="`make test` builds it first")
def test_what_is_loaded_at_first_is_small() -> None:
    files = built.entry()
    scripts = [FOLDER.parent / path for path in (files.script, *files.preloads)]
    total = sum(len(gzip.compress(path.read_bytes())) for path in scripts)
    assert total <= MOST_BYTES, f"{total:,} bytes"
