"""What is remembered of threads stays within its bound, however they change."""

from langchain_core.messages import HumanMessage

from graphs.persistence import replay
from graphs.persistence.replay import KnownMessages


def said(*texts: str) -> list[HumanMessage]:
    return [HumanMessage(text, id=str(place)) for place, text in enumerate(texts)]


def test_characters_are_counted_of_what_is_known_now():
    known, first = KnownMessages(), said("four", "four")
    known.put("a", "", "1", first)
    known.put("a", "", "2", [*first, *said("six...")])
    assert known._characters == 14

    known.put("a", "", "3", [*said("edited"), *first[1:]])
    assert known._characters == 10
    known.put("a", "", "4", first[:1])
    assert known._characters == 4
    known.forget("a")
    assert known._characters == 0


def test_the_oldest_thread_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(replay, "MOST_CHARACTERS", 10)
    known = KnownMessages()
    for name in "abc":
        known.put(name, "", "1", said("four"))

    assert known.get("a", "") is None
    assert known.get("b", "").characters == 4
    assert known._characters == 8
