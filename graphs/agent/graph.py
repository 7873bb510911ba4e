"""The agent's graph: wires only."""

from langgraph.graph import START, StateGraph

from graphs.agent.context import AgentContext
from graphs.agent.nodes.ask_approval import ask_approval
from graphs.agent.nodes.call_model import call_model
from graphs.agent.nodes.keep_within_budget import keep_within_budget
from graphs.agent.nodes.run_tools import run_tools, stop_tools
from graphs.agent.routing import after_model, before_model
from graphs.agent.state import AgentInput, AgentState

builder = StateGraph(AgentState, context_schema=AgentContext, input_schema=AgentInput)
builder.add_node(keep_within_budget)
builder.add_node(call_model)
builder.add_node(ask_approval)
builder.add_node(run_tools)
builder.add_node(stop_tools)
builder.add_conditional_edges(START, before_model)
builder.add_edge("keep_within_budget", "call_model")
builder.add_conditional_edges("call_model", after_model)
builder.add_edge("ask_approval", "run_tools")
builder.add_edge("run_tools", "call_model")
builder.set_finish_point("stop_tools")

graph = builder.compile(name="agent")
