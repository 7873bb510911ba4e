"""Lets the model speak, with the tools that the run enables."""

from typing import Any

from langgraph.runtime import Runtime

from graphs.agent.asked import without_cut_call
from graphs.agent.budget import fitted
from graphs.agent.context import AgentContext
from graphs.agent.history import model_view, valid_summary
from graphs.agent.images import without_images
from graphs.agent.passages import cited
from graphs.agent.prompts import SYSTEM_PROMPT
from graphs.agent.retrieval import retrieved, with_passages
from graphs.agent.state import AgentState
from graphs.agent.toolbox import tools_of
from graphs.metering.calls import RequestType, call_of
from graphs.metering.models import metered_model


async def call_model(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Answer the conversation so far; raises the errors of graphs/errors.py.

    What is looked up for a model without tools is in this one request alone; the answer names it.
    """
    context, messages = runtime.context, state["messages"]
    model = metered_model(call_of(runtime, node="call_model", request_type=RequestType.CHAT))
    tools = tools_of(context)
    # Some servers reject the mere presence of tools.
    speaker = model.bind_tools(tools) if tools else model
    summary = valid_summary(state.get("summary"), messages)
    view = model_view(messages, summary, system_prompt=context.system_prompt or SYSTEM_PROMPT)
    if not context.supports_vision:
        view = without_images(view)
    passages = await retrieved(messages, runtime)
    answer = await speaker.ainvoke(fitted(with_passages(view, passages), context, tools))
    return {"messages": [cited(without_cut_call(answer), messages, passages)]}
