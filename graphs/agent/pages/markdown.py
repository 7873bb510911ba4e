"""Turns HTML of strangers into Markdown, within bounds of work: it runs in a thread that nobody can stop."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from markdownify import ATX, MarkdownConverter

LONGEST_HTML: Final = 300_000
LONGEST_TITLE: Final = 200
# Links are written out in full, so each costs as much as the page's own address.
LONGEST_BASE: Final = 300
DEEPEST: Final = 150
# Each of these indents all that is in it once more.
DEEPEST_INDENTED: Final = 10
_INDENTING: Final = frozenset({"blockquote", "li", "dd"})
_NO_CONTENT: Final = (
    "aside", "button", "canvas", "dialog", "embed", "footer", "form", "head", "iframe", "img", "nav",
    "noscript", "object", "picture", "script", "select", "style", "svg", "template", "video",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Text:
    """A page as text; `is_whole` unless it was too long to be read to its end."""

    title: str
    content: str
    is_whole: bool


def to_markdown(html: str, *, address: str) -> Text:
    """Read a page's content: no scripts, no navigation, links in full; bare text where it nests too deep."""
    soup = BeautifulSoup(html[:LONGEST_HTML], "lxml")
    title = " ".join(soup.title.get_text(" ").split())[:LONGEST_TITLE] if soup.title else ""
    for tag in soup(_NO_CONTENT):
        tag.decompose()
    for cell in soup(["td", "th"]):
        # One number would make a thousand columns.
        del cell["colspan"]
    _complete_links(soup, address if len(address) <= LONGEST_BASE else "")
    return Text(title=title, content=_written(soup).strip(), is_whole=len(html) <= LONGEST_HTML)


def _written(soup: BeautifulSoup) -> str:
    if _is_too_deep(soup):
        return soup.get_text("\n", strip=True)
    try:
        return str(MarkdownConverter(heading_style=ATX, escape_misc=False).convert_soup(soup))
    except RecursionError:
        return soup.get_text("\n", strip=True)


def _complete_links(soup: BeautifulSoup, base: str) -> None:
    for link in soup("a"):
        try:
            target = urljoin(base, str(link.get("href", "")))
        except ValueError:
            target = ""
        if target.startswith(("http://", "https://")):
            link["href"] = target
        else:
            link.unwrap()


def _is_too_deep(soup: BeautifulSoup) -> bool:
    """Measure without recursion, parents before children."""
    depths: dict[int, tuple[int, int]] = {id(soup): (0, 0)}
    for element in soup.descendants:
        if isinstance(element, Tag):
            deep, indented = depths[id(element.parent)]
            indented += element.name in _INDENTING
            if deep >= DEEPEST or indented > DEEPEST_INDENTED:
                return True
            depths[id(element)] = (deep + 1, indented)
    return False
