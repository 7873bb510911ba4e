"""What of an answer becomes a title."""

import pytest

from graphs.summarizer.titles import LONGEST_TITLE, as_title


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
