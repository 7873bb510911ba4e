"""Decodes a page by what it says of itself, with those codecs alone that texts of the web are written in."""

import codecs
from email.message import Message
from typing import Final

from bs4.dammit import EncodingDetector

FALLBACK: Final = "utf-8"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Python has more: some are no texts, and some take time by the square of the length.
_TAKEN: Final = frozenset(
    {"ascii", "big5", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u"}
    | {"shift_jis", "utf-8", "utf-16", "utf-16-be", "utf-16-le"}
    | {f"iso8859-{part}" for part in range(1, 17)}
    | {f"cp125{page}" for page in range(9)}
)


def media_type(content_type: str) -> str:
    """Read the bare type, in small letters; empty when the header says nothing."""
    return content_type.partition(";")[0].strip().lower()


def decode(body: bytes, *, content_type: str, is_html: bool) -> str:
    """Decode by the mark at the beginning, the header, or the page's own word; else as UTF-8.

    What does not fit becomes a replacement character.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body.decode(codec, errors="replace")
    said = _of_header(content_type) or (EncodingDetector.find_declared_encoding(body, is_html=is_html) or "")
    return body.decode(_codec(said), errors="replace")


def _of_header(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    charset = header.get_param("charset")
    return charset if isinstance(charset, str) else ""


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return FALLBACK
    # Browsers read the first as the second, and so are pages written.
    if found in {"ascii", "iso8859-1"}:
        return "cp1252"
    return found if found in _TAKEN else FALLBACK
