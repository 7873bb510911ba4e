"""Knows which files of the build a page has to load; the build names them by what they hold."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

MANIFEST = Path(__file__).parent / "static" / "webchat" / "manifest.json"
ENTRY = "src/main.tsx"


class NotBuilt(LookupError):
    """Raised where nobody has run the build."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the page starts with, as paths below the static files."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


def entry() -> Entry:
    """Return the build that is there; a newer one is seen at once."""
    try:
        return _read(MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise NotBuilt from error


@lru_cache(maxsize=1)
def _read(_changed_at: int) -> Entry:
    chunks: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    names = _with_imports(chunks, ENTRY)
    styles = [style for name in names for style in chunks[name].get("css", [])]
    return Entry(
        script=_path(chunks[ENTRY]["file"]),
        styles=tuple(map(_path, dict.fromkeys(styles))),
        preloads=tuple(_path(chunks[name]["file"]) for name in names if name != ENTRY),
    )


def _with_imports(chunks: dict[str, Any], name: str) -> list[str]:
    """Return a chunk and all that it needs at once, each one time."""
    found, waiting = dict[str, None](), [name]
    while waiting:
        if (following := waiting.pop()) not in found:
            found[following] = None
            waiting += chunks[following].get("imports", [])
    return list(found)


def _path(name: str) -> str:
    return f"webchat/{name}"
