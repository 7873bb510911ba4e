"""Pages as text: what is left out, in which letters they are written, and how much work they may make."""

import time

import pytest

from graphs.agent.pages.charsets import decode
from graphs.agent.pages.markdown import LONGEST_HTML, to_markdown
from graphs.agent.pages.reading import NoText, read_page
from graphs.outbound.pages import Page

ADDRESS = "https://example.org/a/b"


def page(body: bytes, content_type: str = "text/html") -> Page:
    return Page(address=ADDRESS, status=200, content_type=content_type, body=body)


async def test_content_is_kept_and_the_rest_left_out():
    html = b"""<html><head><title> Owls
      and more </title><style>p {}</style></head><body><nav><a href="/">Home</a></nav>
      <script>alert(1)</script><h2>Owls</h2><p>They <em>see</em> <a href="../c">much</a>,
      <a href="javascript:x()">really</a>.</p><img src="data:x" alt="owl"><ul><li>one<li>two</ul>
      <table><tr><th colspan=1000>A<th>B<tr><td>1<td>2</table><footer>Imprint</footer></body>"""

    text = await read_page(page(html))

    assert (text.title, text.is_whole) == ("Owls and more", True)
    assert text.content == (
        "## Owls\n\nThey *see* [much](https://example.org/c),\nreally.\n\n* one\n* two\n\n"
        "| A | B |\n| --- | --- |\n| 1 | 2 |"
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/plain; charset=utf-8", b"a <b>"), ("application/json", b'{"a": 1}'), ("", b"plain")],
)
async def test_plain_texts_stay_as_they_are(kind: str, body: bytes):
    assert (await read_page(page(body, kind))).content == body.decode()


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/octet-stream", "video/mp4"])
async def test_what_is_no_text_is_refused(kind: str):
    with pytest.raises(NoText):
        await read_page(page(b"x", kind))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param("Grüße".encode("latin-1"), "text/html; charset=ISO-8859-1", id="header"),
        pytest.param("Grüße".encode(), 'text/html; charset="utf-8"', id="quoted"),
        pytest.param("Grüße".encode(), "text/html", id="nothing said"),
        pytest.param("Grüße".encode("utf-16"), "text/html; charset=utf-8", id="mark"),
        pytest.param("Grüße".encode(), "text/html; charset=idna", id="codec that is none of the web"),
        pytest.param("Grüße".encode(), "text/html; charset=zip\0", id="no codec"),
    ],
)
def test_letters_are_read_as_they_were_written(body: bytes, content_type: str):
    assert decode(body, content_type=content_type, is_html=True) == "Grüße"


def test_letters_follow_the_page_s_own_word():
    body = '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251")

    assert "Привет" in decode(body, content_type="text/html", is_html=True)


def test_bytes_that_fit_nothing_are_replaced():
    assert decode(b"a\xffb", content_type="", is_html=False) == "a�b"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("owl" + "<div>" * 100_000 + "x", id="nested"),
        pytest.param("<ul><li>" * 30_000 + "owl", id="nested lists"),
        pytest.param("<blockquote>" * 140 + "owl<br>" * 40_000, id="indented again and again"),
        pytest.param("<table><tr>" + "<td colspan=1000>owl" * 14_000, id="broad table"),
        pytest.param("owl" + "<" * LONGEST_HTML, id="brackets"),
        pytest.param("owl<!--" * 42_000, id="comments"),
        pytest.param("owl" + "&" * LONGEST_HTML, id="entities"),
        pytest.param("<a href=x>owl</a>" * 16_000, id="links"),
    ],
)
def test_hostile_pages_make_bounded_work(html: str):
    started = time.thread_time()

    text = to_markdown(html, address=f"https://example.org/{'a' * 280}")

    assert "owl" in text.content
    assert len(text.content) < 6_000_000
    assert time.thread_time() - started < 20


def test_page_that_is_too_long_is_read_in_part():
    text = to_markdown("<p>owl</p>" * (LONGEST_HTML // 10 + 1), address=ADDRESS)

    assert not text.is_whole
    assert text.content.startswith("owl\n\nowl")
