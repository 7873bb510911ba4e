"""The page of benchmarks: each of them has a section there, which its next run replaces."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, SAMPLES = DOCS / "benchmarks.md", DOCS / "benchmarks"


def section_write(name: str, text: str, *, page: Path = PAGE) -> None:
    """Put a section in the place of the one of this name, or behind the others."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n\n{text}\n\n{end}"
    written = page.read_text() if page.exists() else "# Benchmarks\n"
    if begin in written:
        before, _, rest = written.partition(begin)
        written = before.rstrip() + "\n\n" + section + rest.partition(end)[2]
    else:
        written = written.rstrip() + "\n\n" + section + "\n"
    page.write_text(written)
