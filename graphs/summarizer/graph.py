"""The summarizer's graph: wires only."""

from langgraph.graph import START, StateGraph

from graphs.summarizer.context import SummarizerContext
from graphs.summarizer.nodes import by_task, write_summary, write_title
from graphs.summarizer.state import SummarizerInput, SummarizerOutput, SummarizerState

builder = StateGraph(
    SummarizerState,
    context_schema=SummarizerContext,
    input_schema=SummarizerInput,
    output_schema=SummarizerOutput,
)
builder.add_node(write_title)
builder.add_node(write_summary)
builder.add_conditional_edges(START, by_task)
builder.set_finish_point("write_title")
builder.set_finish_point("write_summary")

graph = builder.compile(name="summarizer")
