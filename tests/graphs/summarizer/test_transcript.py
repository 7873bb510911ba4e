"""What of a conversation the summarizer reads, and what of an answer becomes a title."""

import pytest
from graphs.summarizer.transcript import LONGEST_TITLE, LONGEST_TRANSCRIPT, as_title, transcript
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage


def test_only_what_was_said_is_written_out():
    messages = [
        SystemMessage("Obey."),
        HumanMessage("Hi."),
        AIMessage("", tool_calls=[{"name": "t", "args": {}, "id": "c", "type": "tool_call"}]),
        ToolMessage("42", tool_call_id="c"),
        AIMessage("Hello."),
    ]

    assert transcript(messages) == "User: Hi.\nAssistant: Hello."


def test_a_long_conversation_keeps_both_ends():
    text = transcript([HumanMessage("begin " + "x" * 2 * LONGEST_TRANSCRIPT + " end")])

    assert len(text) == LONGEST_TRANSCRIPT + 3
    assert text.startswith("User: begin")
    assert text.endswith(" end")


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Fine Days", "Fine Days"),
        ('"Fine Days."', "Fine Days"),
        ("**Title: Fine Days**\nMore", "Fine Days"),
        ("\n\n# Fine Days", "Fine Days"),
        ("Python: the basics", "Python: the basics"),
        ("Title:", "Title:"),
        ("", ""),
        (' "" ', ""),
        ("word " * 40, ("word " * 15).strip() + "…"),
        ("x" * 200, "x" * (LONGEST_TITLE - 1) + "…"),
    ],
)
def test_a_title_is_one_clean_line(answer: str, title: str):
    assert as_title(answer) == title
    assert len(as_title(answer)) <= LONGEST_TITLE
