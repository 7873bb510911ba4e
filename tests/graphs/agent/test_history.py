"""What the model sees of a conversation is always well-formed."""

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graphs.agent import history
from graphs.agent.history import before_last_question, fingerprint, model_view, valid_summary
from graphs.agent.prompts import NOT_RUN

CALL = {"name": "calculator", "args": {"expression": "1"}, "id": "c1", "type": "tool_call"}
QUESTION = HumanMessage("one?", id="h1")
ASKING = AIMessage("", tool_calls=[CALL], id="a1")
RESULT = ToolMessage("1", tool_call_id="c1", id="t1")
ANSWER = AIMessage("One.", id="a2")
NEXT = HumanMessage("two?", id="h2")


def view(messages: list[AnyMessage], summary=None) -> list[AnyMessage]:
    return model_view(messages, summary, system_prompt="Be kind.")


def test_a_whole_conversation_is_passed_as_it_is():
    messages = [QUESTION, ASKING, RESULT, ANSWER, NEXT]

    assert view(messages) == [SystemMessage("Be kind."), *messages]


def test_a_summary_takes_the_place_of_what_it_covers():
    seen = view([QUESTION, ANSWER, NEXT], {"text": "They counted.", "last_message_id": "a2"})

    assert seen == [SystemMessage("Be kind.\n\nSummary of the conversation so far:\nThey counted."), NEXT]


def test_a_summary_of_removed_messages_is_forgotten():
    summary = {"text": "They counted.", "last_message_id": "gone"}

    assert valid_summary(summary, [QUESTION]) is None


@pytest.mark.parametrize(
    "edited",
    [
        HumanMessage("two!", id="h1"),
        HumanMessage([{"type": "text", "text": "one?"}], id="h1"),
        HumanMessage("one?", id="h9"),
    ],
)
def test_a_summary_of_edited_messages_is_forgotten_each_time(edited: HumanMessage):
    said = [QUESTION, ASKING, RESULT, ANSWER]
    summary = {"text": "They counted.", "last_message_id": "a2", "covers": fingerprint(said)}

    for _ in range(2):
        assert valid_summary(summary, [*said, NEXT]) is summary
        assert valid_summary(summary, [edited, *said[1:], NEXT]) is None
    asked_else = AIMessage("", tool_calls=[{**CALL, "args": {"expression": "2"}}], id="a1")
    assert valid_summary(summary, [QUESTION, asked_else, RESULT, ANSWER]) is None


def test_texts_cannot_be_shifted_from_one_message_to_the_next():
    one, other = (
        [HumanMessage(first, id="h1"), HumanMessage(second, id="h2")]
        for first, second in (("a", "b\nc"), ("a\nb", "c"))
    )

    assert fingerprint(one) != fingerprint(other)
    assert fingerprint([HumanMessage("[[], null]", id="h1")]) != fingerprint([HumanMessage([], id="h1")])


def test_what_was_found_true_of_a_summary_is_remembered_of_so_many_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history, "MOST_NAMED", 2)
    for number in range(5):
        said = [HumanMessage(str(number), id="h1")]
        assert valid_summary({"text": "x", "last_message_id": "h1", "covers": fingerprint(said)}, said)

    assert len(history._named) <= 2


def test_a_tool_result_whose_call_was_summarized_is_dropped():
    seen = view([ASKING, RESULT, ANSWER, NEXT], {"text": "x", "last_message_id": "a1"})

    assert seen[1:] == [ANSWER, NEXT]


def test_a_call_that_was_cancelled_is_answered():
    seen = view([QUESTION, ASKING, NEXT])

    assert [message.type for message in seen] == ["system", "human", "ai", "tool", "human"]
    assert (seen[3].content, seen[3].tool_call_id) == (NOT_RUN, "c1")


def test_an_answer_belongs_to_its_own_round_where_ids_come_again():
    again, other = AIMessage("", tool_calls=[CALL], id="a3"), ToolMessage("2", tool_call_id="c1", id="t2")

    messages = [QUESTION, ASKING, RESULT, ANSWER, NEXT, again, other]
    assert view(messages)[1:] == messages
    assert [message.content for message in view(messages[:-1])[-2:]] == ["", NOT_RUN]


def test_two_calls_of_one_id_have_their_answers_in_order():
    twice, other = AIMessage("", tool_calls=[CALL, CALL], id="a1"), ToolMessage("2", tool_call_id="c1")

    assert view([QUESTION, twice, RESULT, other])[2:] == [twice, RESULT, other]


def test_the_last_question_is_never_part_of_the_past():
    assert before_last_question([QUESTION, ANSWER, NEXT, ASKING]) == [QUESTION, ANSWER]
    assert before_last_question([QUESTION]) == []
    assert before_last_question([]) == []
