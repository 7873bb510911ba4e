"""Tokens are counted as said, or estimated."""

from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.messages.tool import tool_call_chunk

from graphs.metering.usage import Tally, Usage, estimate_prompt


def test_what_the_provider_says_counts():
    tally = Tally(prompt_tokens=999)
    tally.add(AIMessageChunk("a long answer that does not matter"))
    tally.add(
        AIMessageChunk(
            "",
            usage_metadata={
                "input_tokens": 100,
                "output_tokens": 20,
                "total_tokens": 120,
                "input_token_details": {"cache_read": 64},
                "output_token_details": {"reasoning": 8},
            },
        )
    )

    assert tally.usage() == Usage(
        input_tokens=100, output_tokens=20, cached_tokens=64, reasoning_tokens=8, is_estimated=False
    )


def test_running_totals_are_not_added_up():
    tally = Tally(prompt_tokens=1)
    for output in (1, 2, 3):
        tally.add(
            AIMessageChunk(
                "x", usage_metadata={"input_tokens": 10, "output_tokens": output, "total_tokens": 10 + output}
            )
        )

    assert tally.usage() == Usage(input_tokens=10, output_tokens=3)


def test_silence_is_estimated_from_text_and_tool_calls():
    tally = Tally(prompt_tokens=50)
    tally.add(AIMessageChunk("x" * 7))
    tally.add(
        AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name="sum", args='{"a":1}', id="c", index=0)])
    )

    assert tally.usage() == Usage(input_tokens=50, output_tokens=5, is_estimated=True)


def test_a_request_that_reached_no_model_used_nothing():
    assert Tally(prompt_tokens=50, is_sent=False).usage() == Usage()


def test_tools_count_towards_the_prompt():
    messages = [HumanMessage("hello")]

    assert estimate_prompt(messages, {"tools": [{"name": "x" * 400}]}) > estimate_prompt(messages, {}) + 100


def test_a_prompt_that_was_not_counted_is_estimated():
    tally = Tally(prompt_tokens=30)
    tally.add(AIMessageChunk("x", usage_metadata={"input_tokens": 0, "output_tokens": 4, "total_tokens": 4}))
    assert tally.usage() == Usage(input_tokens=30, output_tokens=4, is_estimated=True)
