"""What a template may say, and what becomes of it."""

import time
from contextlib import suppress

import pytest

from controlplane.errors import Invalid
from controlplane.prompts.mustache import MalformedTemplate, render_template, variables_of

GREETING = "Hello{{#user_name}} {{user_name}}{{/user_name}}{{^user_name}} you{{/user_name}}."


@pytest.mark.parametrize(
    ("content", "values", "text"),
    [
        pytest.param("You teach {{topic}}.", {"topic": "tea"}, "You teach tea.", id="variable"),
        pytest.param("{{ topic }}{{{topic}}}{{&topic}}", {"topic": "a"}, "aaa", id="spellings"),
        pytest.param("{{topic}}", {"topic": "<b>&\"'"}, "<b>&\"'", id="nothing-is-escaped"),
        pytest.param(GREETING, {"user_name": "Ada"}, "Hello Ada.", id="section"),
        pytest.param(GREETING, {"user_name": ""}, "Hello you.", id="inverted-section"),
        pytest.param("{{topic}}", {"topic": "{{user_name}}"}, "{{user_name}}", id="value-is-no-template"),
        pytest.param("{{topic}}", {"topic": "{{> /etc/passwd}}"}, "{{> /etc/passwd}}", id="nor-a-partial"),
        pytest.param(
            "No variables.", {"user_name": "Ada", "topic": "tea"}, "No variables.", id="known-to-all"
        ),
        pytest.param("{a} } }} {", {}, "{a} } }} {", id="single-braces"),
        pytest.param('{"a": {"b": {{topic}}}}', {"topic": "1"}, '{"a": {"b": 1}}', id="json"),
    ],
)
def test_values_are_put_in(content, values, text):
    assert render_template(content, values) == text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{{> /etc/passwd}}", id="partial"),
        pytest.param("{{=<% %>=}}", id="delimiters"),
        pytest.param("{{! note }}", id="comment"),
        pytest.param("{{user.password}}", id="dotted-name"),
        pytest.param("{{.}}", id="this"),
        pytest.param("{{}}", id="nothing"),
        pytest.param("{{a b}}", id="two-words"),
        pytest.param("{{naïve}}", id="letters"),
        pytest.param("{{a", id="never-ends"),
        pytest.param("{{{a}}", id="braces-do-not-match"),
        pytest.param("{{{{a}}}}", id="four-braces"),
        pytest.param("{{ \n a}}", id="over-lines"),
        pytest.param(f"{{{{{'a' * 65}}}}}", id="long-name"),
        pytest.param("{{#a}}", id="open-section"),
        pytest.param("{{/a}}", id="end-without-section"),
        pytest.param("{{#a}}{{#b}}{{/a}}{{/b}}", id="crossed-sections"),
        pytest.param("{{a}}" * 201, id="many-tags"),
        pytest.param("{{#a}}" * 11 + "{{/a}}" * 11, id="deep"),
        pytest.param("a" + " " * 200 + "b", id="many-blanks"),
    ],
)
def test_what_is_not_offered_is_refused(content):
    with pytest.raises(MalformedTemplate) as caught:
        variables_of(content)
    assert list(caught.value.fields) == ["content"]


def test_variables_are_named_once_in_their_order():
    assert variables_of("{{b}} {{#a}}{{b}}{{/a}} {{{c}}} {{^d}}{{/d}}") == ["b", "a", "c", "d"]


def test_missing_and_unknown_variables_are_named():
    with pytest.raises(Invalid) as caught:
        render_template("{{a}} {{b}} {{topic}}", {"b": "1", "c": "2", "d": "3"})
    assert caught.value.code == "variables_do_not_match"
    assert caught.value.fields == {"variables": ["Missing: a, topic.", "Unknown: c, d."]}
    assert caught.value.details == {"missing": ["a", "topic"], "unknown": ["c", "d"]}


class Called:
    """Would tell if anything of it was looked at."""

    looked_at = False

    def __call__(self) -> str:
        type(self).looked_at = True
        return "called"

    __str__ = __call__


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(7, id="number"),
        pytest.param(None, id="null"),
        pytest.param(["a"], id="list"),
        pytest.param({"a": "b"}, id="object"),
        pytest.param(lambda: "called", id="function"),
        pytest.param(Called(), id="instance"),
        pytest.param("a\0b", id="null-character"),
        pytest.param("x" * 2001, id="too-long"),
    ],
)
def test_value_is_a_plain_text(value):
    with pytest.raises(Invalid) as caught:
        render_template("{{#topic}}{{topic}}{{/topic}}", {"topic": value})
    assert list(caught.value.fields) == ["variables"]
    assert not Called.looked_at


def test_prompt_is_bounded():
    with pytest.raises(Invalid) as caught:
        render_template("{{topic}}" * 11, {"topic": "x" * 2000})
    assert list(caught.value.fields) == ["variables"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{{" * 10_000, id="braces"),
        pytest.param("{{" + " " * 19_998, id="blanks-in-a-tag"),
        pytest.param(" " * 20_000, id="blanks"),
        pytest.param((" " * 199 + "\n") * 100, id="lines-of-blanks"),
        pytest.param("{{a}}" + "}" * 19_000, id="closing-braces"),
        pytest.param("{{#a}}\n" * 2_000, id="sections"),
    ],
)
def test_no_content_takes_long(content):
    began = time.perf_counter()
    with suppress(Invalid):
        render_template(content, {"a": "1"})
    assert time.perf_counter() - began < 1
