"""The one door to the template library: a small, logic-less part of mustache, for texts that models read.

Offered are `{{name}}` (also as `{{{name}}}` and `{{&name}}`: nothing is ever escaped, prompts are no HTML),
and sections that stand or fall with a value that is not empty: `{{#name}}…{{/name}}`, `{{^name}}…{{/name}}`.
"""

import re
from collections.abc import Mapping
from typing import Final

from pystache import Renderer  # type: ignore[import-untyped]  # ships no types
from pystache.parser import ParsingError, parse  # type: ignore[import-untyped]  # as above

from controlplane.api.fields import LONGEST_PROMPT
from controlplane.errors import Invalid

MOST_TAGS: Final = 200
DEEPEST: Final = 10
LONGEST_VALUE: Final = 2_000
# What callers hand to every template, whether it asks for it or not.
KNOWN_TO_ALL: Final = frozenset({"user_name", "topic"})

_NAME = "[A-Za-z_][A-Za-z0-9_]{0,63}"
_TAG = re.compile(rf"{{{{(?:{{ ?(?P<raw>{_NAME}) ?}}|(?P<kind>[#^/&]?) ?(?P<name>{_NAME}) ?)}}}}")
# The library's patterns take quadratic time on blanks in a row, and worse on tags that never end.
_MANY_BLANKS = re.compile(r"[ \t]{200}")


class MalformedTemplate(Invalid):
    """The content is no template."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint, fields={"content": [complaint]})


def variables_of(content: str) -> list[str]:
    """Name a template's variables, in the order of their first use. Raises MalformedTemplate.

    The library sees content only after this has found nothing in it but tags that are offered: no partials,
    delimiters or comments, no dotted names, hence no look into attributes.
    """
    if _MANY_BLANKS.search(content):
        raise MalformedTemplate("Fewer than 200 blanks in a row, please.")
    names: dict[str, None] = {}
    depth = deepest = tags = at = 0
    while (at := content.find("{{", at)) >= 0:
        tag = _TAG.match(content, at)
        if tag is None:
            raise MalformedTemplate(_complaint(content, at))
        names[tag["raw"] or tag["name"]] = None
        depth += {"#": 1, "^": 1, "/": -1}.get(tag["kind"] or "", 0)
        deepest, tags, at = max(deepest, depth), tags + 1, tag.end()
    if tags > MOST_TAGS or deepest > DEEPEST:
        raise MalformedTemplate(f"At most {MOST_TAGS} tags, sections nested at most {DEEPEST} deep.")
    try:
        parse(content, raise_on_mismatch=True)
    except ParsingError as error:
        raise MalformedTemplate(f"{error}.") from error
    return list(names)


def render_template(content: str, values: Mapping[str, object]) -> str:
    """Put values into a template: a plain string for each of its variables, empty ones included.

    Raises Invalid naming variables that are missing or unknown; `KNOWN_TO_ALL` are never unknown.
    """
    needed = variables_of(content)
    _require_known(needed, values)
    plain = {name: _plain(name, value) for name, value in values.items()}
    renderer = Renderer(escape=lambda text: text, partials={}, missing_tags="strict")
    text = str(renderer.render(parse(content), plain))
    if len(text) > LONGEST_PROMPT:
        complaint = f"With these values the prompt is longer than {LONGEST_PROMPT} characters."
        raise Invalid(complaint, fields={"variables": [complaint]})
    return text


def _require_known(needed: list[str], values: Mapping[str, object]) -> None:
    missing = [name for name in needed if name not in values]
    unknown = sorted(str(name)[:64] for name in values if name not in {*needed, *KNOWN_TO_ALL})
    complaints = [f"Missing: {', '.join(missing)}."] if missing else []
    complaints += [f"Unknown: {', '.join(unknown)}."] if unknown else []
    if complaints:
        raise Invalid(
            "The template has other variables.",
            code="variables_do_not_match",
            fields={"variables": complaints},
            details={"missing": missing, "unknown": unknown},
        )


def _plain(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or "\0" in value:
        complaint = f"{name}: a text of at most {LONGEST_VALUE} characters, without null characters."
        raise Invalid("A value cannot be put into the template.", fields={"variables": [complaint]})
    return str(value)


def _complaint(content: str, at: int) -> str:
    line = content.count("\n", 0, at) + 1
    return (
        f"Line {line}: {content[at : at + 20]!r} is no tag that is offered; these are "
        "{{name}}, {{#name}}, {{^name}} and {{/name}}."
    )
