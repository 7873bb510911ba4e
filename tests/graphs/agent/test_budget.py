"""What the model is sent fits its budget, and is well-formed whatever had to go."""

import random

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graphs.agent.budget import budget_of, fitted, size_of
from graphs.agent.context import AgentContext
from graphs.agent.history import model_view
from graphs.agent.toolbox import tools_of

PROMPT = "Be kind."


def context(threshold: int = 600, **changes: object) -> AgentContext:
    return AgentContext(
        **{"summarization_threshold": threshold, "enabled_tools": ["calculator"], "max_tokens": 50, **changes}
    )


def sent(messages: list[AnyMessage], given: AgentContext, summary=None) -> list[AnyMessage]:
    return fitted(model_view(messages, summary, system_prompt=PROMPT), given, tools_of(given))


def called(number: int, result: str, *, beside: int = 0) -> list[AnyMessage]:
    calls = [
        {"name": "calculator", "args": {"expression": "1"}, "id": f"c{number}-{each}", "type": "tool_call"}
        for each in range(beside + 1)
    ]
    results = [ToolMessage(result, tool_call_id=call["id"], id=f"t{call['id']}") for call in calls]
    return [AIMessage("", tool_calls=calls, id=f"a{number}"), *results]


def turn(number: int, length: int = 200) -> list[AnyMessage]:
    return [
        HumanMessage(f"q{number} " + "x" * length, id=f"h{number}"),
        AIMessage("y" * length, id=f"y{number}"),
    ]


def is_paired(messages: list[AnyMessage]) -> bool:
    """Whether each call is followed at once by its answer, and each answer has its call."""
    waiting: set[str] = set()
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in waiting:
                return False
            waiting.discard(message.tool_call_id)
            continue
        if waiting:
            return False
        if isinstance(message, AIMessage):
            waiting = {call["id"] for call in message.tool_calls}
    return not waiting


def test_what_fits_is_sent_as_it_is():
    messages = [*turn(1), HumanMessage("and?", id="h9")]

    assert sent(messages, context()) == [SystemMessage(PROMPT), *messages]


def test_whole_turns_go_the_oldest_first():
    messages = [message for number in range(20) for message in turn(number)] + [HumanMessage("now?", id="n")]
    given = context()

    view = sent(messages, given)

    assert size_of(view, tools_of(given)) <= 600
    assert view[1:] == messages[-len(view) + 1 :]
    assert isinstance(view[1], HumanMessage)
    assert len(view) > 3


def test_an_older_message_that_is_larger_than_the_budget_goes_with_its_turn():
    messages = [*turn(1, length=90_000), *turn(2), HumanMessage("now?", id="n")]

    assert [message.id for message in sent(messages, context())] == [None, "h2", "y2", "n"]


def test_a_question_that_is_larger_than_the_threshold_is_told_whole():
    question = HumanMessage("z" * 20_000, id="n")

    assert sent([*turn(1), question], context()) == [SystemMessage(PROMPT), question]


def test_a_question_that_is_larger_than_the_model_can_take_keeps_its_ends():
    given = context(context_length=2_000)

    view = sent([*turn(1), HumanMessage("begin " + "z" * 90_000 + " end", id="n")], given)

    assert 1_800 < size_of(view, tools_of(given)) <= 1_950
    assert len(view) == 2
    assert view[1].text.startswith("begin ")
    assert view[1].text.endswith(" end")


@pytest.mark.parametrize(("length", "most"), [(400, 350), (100, 50), (None, 600), (100_000, 600)])
def test_what_the_model_can_take_bounds_the_threshold(length: int | None, most: int):
    given = context(context_length=length, enabled_tools=[])
    messages = [message for number in range(20) for message in turn(number)] + [HumanMessage("now?", id="n")]

    assert budget_of(given) == most
    assert size_of(sent(messages, given)) <= most


def test_without_summaries_only_the_model_s_own_bound_holds():
    assert budget_of(context(enable_summarization=False)) is None
    assert budget_of(context(enable_summarization=False, context_length=5_000)) == 4_950


def test_many_results_of_tools_are_shortened_alike_and_stay_paired():
    question = HumanMessage("find out", id="n")
    small, large = called(1, "42"), called(2, "r" * 8_000, beside=2)
    given = context()

    view = sent([*turn(1), question, *small, *large], given)

    assert 500 < size_of(view, tools_of(given)) <= 600
    assert is_paired(view)
    assert [message.id for message in view[1:4]] == ["n", "a1", "tc1-0"]
    assert view[3].content == "42"
    lengths = [len(message.text) for message in view if isinstance(message, ToolMessage)][1:]
    assert len(lengths) == 3
    assert max(lengths) - min(lengths) <= 4


def test_rounds_of_tools_that_do_not_fit_go_whole():
    question = HumanMessage("find out", id="n")
    rounds = [message for number in range(30) for message in called(number, "r" * 2_000)]
    given = context()

    view = sent([question, *rounds], given)

    assert size_of(view, tools_of(given)) <= 600
    assert is_paired(view)
    assert view[1] == question
    assert view[-2].id == "a29"


def test_a_picture_stays_with_its_shortened_question():
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    question = HumanMessage([{"type": "text", "text": "z" * 40_000}, picture], id="n")

    view = sent([question], context(context_length=2_000))

    assert view[1].content[1] == picture
    assert len(view[1].text) < 8_000


@pytest.mark.parametrize("seed", range(40))
def test_whatever_was_said_the_input_fits_and_is_well_formed(seed: int):
    chance = random.Random(seed)  # noqa: S311  # a storm with a seed, not a secret
    messages: list[AnyMessage] = []
    for number in range(chance.randint(1, 12)):
        messages += turn(number, length=chance.choice([1, 50, 500, 5_000]))[:1]
        for one in range(chance.randint(0, 4)):
            result = "r" * chance.choice([1, 300, 9_000])
            messages += called(100 * number + one, result, beside=chance.randint(0, 2))
        messages.append(AIMessage("y" * chance.choice([1, 700]), id=f"y{number}"))
    messages.append(HumanMessage("now?", id="n"))
    messages += called(9_999, "r" * chance.choice([1, 9_000])) if chance.random() < 0.5 else []
    threshold = chance.choice([600, 1_000, 4_000])
    given = context(threshold, context_length=chance.choice([None, 1_500]))

    view = sent(messages, given)

    assert size_of(view, tools_of(given)) <= (budget_of(given) or 0)
    assert is_paired(view[1:])
    assert isinstance(view[1], HumanMessage)
    assert HumanMessage("now?", id="n") in view
