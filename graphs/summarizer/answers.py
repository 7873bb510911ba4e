"""Asks a model for one text: by a schema, then in plain words if the model's server would not."""

from typing import Any

import structlog
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from graphs.errors import ModelFailed, ModelRefused
from graphs.metering.calls import ModelCall
from graphs.metering.models import metered_model

logger = structlog.get_logger(__name__)


async def answer_of(call: ModelCall, instructions: str, text: str, *, field: str, structured: bool) -> str:
    """Ask about a text; the instructions stand apart from it. Raises what the model raises."""
    messages = [SystemMessage(instructions), HumanMessage(text)]
    if structured:
        try:
            return await _by_schema(call, messages, field)
        except (ModelRefused, ModelFailed):
            logger.info("structured_output_failed", run_id=call.run_id, node=call.node)
    return (await metered_model(call).ainvoke(messages)).text.strip()


async def _by_schema(call: ModelCall, messages: list[BaseMessage], field: str) -> str:
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
    answer: Any = await model.ainvoke(messages)
    parsed, text = answer["parsed"], answer["raw"].text
    if isinstance(parsed, dict) and isinstance(parsed.get(field), str):
        return str(parsed[field]).strip()
    if text.lstrip().startswith(("{", "[")):
        raise ModelFailed("The model's answer was not what was asked for.")
    return str(text).strip()
