"""A conversation as text: who said what, and pieces of it that lose nothing."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from graphs.summaries.transcript import GAP, LONGEST_TOOL_TEXT, both_ends, pieces, transcript

CALL = {"name": "calculator", "args": {"expression": "6*7"}, "id": "c", "type": "tool_call"}
MESSAGES = [
    SystemMessage("Obey."),
    HumanMessage("Hi."),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("42", tool_call_id="c"),
    AIMessage("Hello."),
]


def test_only_what_was_said_is_written_out():
    assert transcript(MESSAGES) == "User: Hi.\nAssistant: Hello."


def test_tools_are_told_of_where_they_are_asked_for():
    assert transcript(MESSAGES, with_tools=True).split("\n") == [
        "User: Hi.",
        'Assistant used the tool calculator with {"expression": "6*7"}',
        "The tool answered: 42",
        "Assistant: Hello.",
    ]


def test_long_results_of_tools_keep_their_ends():
    text = transcript([ToolMessage("a" + "x" * 9_000 + "z", tool_call_id="c")], with_tools=True)

    assert len(text) == len("The tool answered: ") + LONGEST_TOOL_TEXT + len(GAP)
    assert text.startswith("The tool answered: ax")
    assert text.endswith("xz")


def test_pictures_are_left_out_of_what_was_said():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

    assert transcript([HumanMessage([{"type": "text", "text": "See?"}, picture])]) == "User: See?"


def test_a_long_text_keeps_both_ends():
    text = both_ends("begin " + "x" * 300 + " end", longest=100)

    assert len(text) == 100 + len(GAP)
    assert text.startswith("begin")
    assert text.endswith(" end")


@pytest.mark.parametrize("tokens", [1, 3, 7, 50, 10_000])
def test_pieces_are_bounded_and_lose_no_word(tokens: int):
    text = "\n".join(f"User: line {number} " + "x" * (number % 40) for number in range(60))

    made = pieces(text, tokens=tokens)

    assert all(0 < len(piece) <= 4 * tokens for piece in made)
    assert "".join(made).replace("\n", "").replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_pieces_end_with_lines_where_lines_fit():
    assert pieces("aaaa\nbbbb\ncc\nd", tokens=2) == ["aaaa", "bbbb\ncc", "d"]


def test_nothing_has_no_pieces():
    assert pieces("", tokens=10) == []
