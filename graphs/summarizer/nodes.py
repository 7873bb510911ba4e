"""The summarizer's two steps, one for each task."""

from typing import Any, Literal

import structlog
from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from graphs.errors import ModelFailed, ModelRefused
from graphs.metering.calls import ModelCall, RequestType, call_of
from graphs.metering.models import metered_model
from graphs.summarizer import prompts
from graphs.summarizer.context import SummarizerContext
from graphs.summarizer.state import SummarizerState
from graphs.summarizer.transcript import as_title, transcript

TITLE_TOKENS = 48

logger = structlog.get_logger(__name__)


def by_task(state: SummarizerState) -> Literal["write_title", "write_summary"]:
    """Go to the step that was asked for."""
    return "write_title" if state.get("task") == "title" else "write_summary"


async def write_title(state: SummarizerState, runtime: Runtime[SummarizerContext]) -> dict[str, Any]:
    """Name the conversation."""
    call = call_of(runtime, node="write_title", request_type=RequestType.TITLE, max_tokens=TITLE_TOKENS)
    prompt = f"{transcript(state['messages'])}\n\n{prompts.TITLE}"
    answer = await _answer(call, prompt, field="title", structured=runtime.context.structured_output)
    return {"title": as_title(answer) or prompts.EMPTY_TITLE}


async def write_summary(state: SummarizerState, runtime: Runtime[SummarizerContext]) -> dict[str, Any]:
    """Summarize the conversation."""
    call = call_of(runtime, node="write_summary", request_type=RequestType.SUMMARIZATION)
    prompt = f"{transcript(state['messages'])}\n\n{prompts.SUMMARY}"
    answer = await _answer(call, prompt, field="summary", structured=runtime.context.structured_output)
    return {"summary": answer.strip()}


async def _answer(call: ModelCall, prompt: str, *, field: str, structured: bool) -> str:
    """Ask by schema, then in plain words if the model's server would not or could not."""
    if structured:
        try:
            return await _by_schema(call, prompt, field)
        except (ModelRefused, ModelFailed):
            logger.info("structured_output_failed", run_id=call.run_id, node=call.node)
    return (await metered_model(call).ainvoke([HumanMessage(prompt)])).text


async def _by_schema(call: ModelCall, prompt: str, field: str) -> str:
    """Ask for JSON with one text field; raises ModelFailed for another object than that."""
    schema = {
        "title": f"Conversation{field.capitalize()}",
        "description": f"The {field} of the conversation.",
        "type": "object",
        "properties": {field: {"type": "string"}},
        "required": [field],
        "additionalProperties": False,
    }
    model = metered_model(call).with_structured_output(schema, method="json_schema", include_raw=True)
    answer: Any = await model.ainvoke([HumanMessage(prompt)])
    parsed, text = answer["parsed"], answer["raw"].text
    if isinstance(parsed, dict) and isinstance(parsed.get(field), str):
        return str(parsed[field])
    if text.lstrip().startswith(("{", "[")):
        raise ModelFailed("The model's answer was not what was asked for.")
    return str(text)
