"""Makes a title of what a model said."""

LONGEST_TITLE = 80


def as_title(text: str) -> str:
    """Keep the first line that says something, without quotes, label or full stop, cut at a word."""
    lines = (line.strip(" \t\"'“”„*#`.") for line in text.splitlines())
    line = next((line for line in lines if line), "")
    label, _, rest = line.partition(":")
    if label.lower() == "title" and rest.strip():
        line = rest.strip(" \"'“”*")
    if len(line) <= LONGEST_TITLE:
        return line
    return line[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
