"""Keeps what the model is sent within its budget: whole turns go first, then long texts are shortened."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from graphs.agent.context import AgentContext
from graphs.agent.prompts import SHORTENED
from graphs.metering.usage import CHARACTERS_PER_TOKEN, estimate_prompt

# Less of a tool's result than this tells the model nothing.
SHORTEST_RESULT = 64


def window_of(context: AgentContext) -> int | None:
    """Tell how many tokens of input the model can take beside its longest answer; None where nobody knows."""
    if context.context_length is None:
        return None
    return max(context.context_length - (context.max_tokens or 0), context.context_length // 4)


def budget_of(context: AgentContext) -> int | None:
    """Tell how many tokens the whole input should have at most; None: as many as there are."""
    threshold = context.summarization_threshold if context.enable_summarization else None
    return min((bound for bound in (threshold, window_of(context)) if bound is not None), default=None)


def size_of(messages: Sequence[AnyMessage], tools: Sequence[BaseTool] = ()) -> int:
    """Estimate the tokens of an input with the tools that are offered beside it."""
    return estimate_prompt(messages, {"tools": [convert_to_openai_tool(tool) for tool in tools]})


def fitted(view: list[AnyMessage], context: AgentContext, tools: Sequence[BaseTool]) -> list[AnyMessage]:
    """Leave out and shorten until an input fits: instructions first, then messages with paired tool calls.

    Older turns go whole, the oldest first; then older rounds of tools of the turn itself, whose long results
    are shortened. The question is told whole even beyond the threshold, up to what the model can take.
    """
    budget = budget_of(context)
    if budget is None or size_of(view, tools) <= budget:
        return view
    older, question, rounds = _parts(view[1:])
    fixed = [view[0], *question]
    needed = size_of(fixed, tools)
    if needed > budget:
        return [view[0], *_fitted_alone(view, context, tools, question=question, rounds=rounds)]
    rounds = _fitted_rounds(rounds, room=budget - needed)
    room = budget - needed - _count(rounds)
    return [view[0], *_newest_turns(older, room=room), *question, *rounds]


def turns_of(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """Split a conversation into turns, each of which begins with what its user said."""
    turns: list[list[AnyMessage]] = []
    for message in messages:
        if not turns or isinstance(message, HumanMessage):
            turns.append([])
        turns[-1].append(message)
    return turns


def newest_within(groups: Sequence[list[AnyMessage]], *, room: int) -> int:
    """Tell from which group on the rest takes no more than so many tokens."""
    first = len(groups)
    while first > 0 and (size := _count(groups[first - 1])) <= room:
        room -= size
        first -= 1
    return first


def _fitted_alone(
    view: list[AnyMessage],
    context: AgentContext,
    tools: Sequence[BaseTool],
    *,
    question: list[AnyMessage],
    rounds: list[AnyMessage],
) -> list[AnyMessage]:
    """Give the question what the model can take of it, and half the threshold to the tools it led to."""
    window = window_of(context)
    spare = context.summarization_threshold // 2 if rounds else 0
    if window is not None:
        room = window - size_of(view[:1], tools)
        spare = min(spare, max(room // 2, 0))
        question = [_shortened(message, tokens=max(room - spare, SHORTEST_RESULT)) for message in question]
    return [*question, *_fitted_rounds(rounds, room=spare)]


def _newest_turns(older: list[AnyMessage], *, room: int) -> list[AnyMessage]:
    turns = turns_of(older)
    if turns and not isinstance(turns[0][0], HumanMessage):
        # What is left of a turn whose question the summary covers.
        turns = turns[1:] if _count(older) > room else turns
    return [message for turn in turns[newest_within(turns, room=room) :] for message in turn]


def _fitted_rounds(messages: list[AnyMessage], *, room: int) -> list[AnyMessage]:
    """Keep the newest rounds of tools, the last one in any case, with results as long as there is room."""
    if _count(messages) <= room:
        return messages
    rounds = _rounds_of(messages)
    least = [[_shortened(message, tokens=SHORTEST_RESULT) for message in one] for one in rounds]
    first = min(newest_within(least, room=room), len(rounds) - 1)
    kept = [message for one in rounds[first:] for message in one]
    return _with_even_results(kept, room=room)


def _with_even_results(messages: list[AnyMessage], *, room: int) -> list[AnyMessage]:
    """Shorten the longest results alike until all fits."""
    results = sorted(_count([message]) for message in messages if isinstance(message, ToolMessage))
    room -= _count(messages) - sum(results)
    share = SHORTEST_RESULT
    for place, size in enumerate(results):
        share = max(room // (len(results) - place), SHORTEST_RESULT)
        room -= min(size, share)
    return [
        _shortened(message, tokens=share) if isinstance(message, ToolMessage) else message
        for message in messages
    ]


def _rounds_of(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    rounds: list[list[AnyMessage]] = []
    for message in messages:
        if not rounds or isinstance(message, AIMessage):
            rounds.append([])
        rounds[-1].append(message)
    return rounds


def _parts(
    messages: list[AnyMessage],
) -> tuple[list[AnyMessage], list[AnyMessage], list[AnyMessage]]:
    """Tell what came before the last question, the question, and what came of it so far."""
    asked = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
    if not asked:
        return [], [], messages
    last = asked[-1]
    return messages[:last], messages[last : last + 1], messages[last + 1 :]


def _shortened(message: AnyMessage, *, tokens: int) -> AnyMessage:
    """Keep the beginning and some of the end of a long text; pictures beside it stay."""
    excess = _count([message]) - tokens
    if excess <= 0 or isinstance(message, AIMessage):
        return message
    text = message.text
    longest = max(len(text) - excess * CHARACTERS_PER_TOKEN - len(SHORTENED) - CHARACTERS_PER_TOKEN, 0)
    end = longest // 4
    short = f"{text[: longest - end]}{SHORTENED}{text[len(text) - end :]}"
    if isinstance(message.content, str):
        return message.model_copy(update={"content": short})
    others = [
        block for block in message.content if not isinstance(block, str) and block.get("type") != "text"
    ]
    return message.model_copy(update={"content": [{"type": "text", "text": short}, *others]})


def _count(messages: Sequence[AnyMessage]) -> int:
    return count_tokens_approximately(messages)
