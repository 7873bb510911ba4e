"""Takes images out of what a model gets that cannot see them."""

from collections.abc import Sequence

from langchain_core.messages import AnyMessage, HumanMessage

from graphs.agent.prompts import UNSEEN_IMAGE


def without_images(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Put a note in the place of each image; the messages themselves stay as they are."""
    return [_noted(message) for message in messages]


def _noted(message: AnyMessage) -> AnyMessage:
    content = message.content
    if not isinstance(message, HumanMessage) or isinstance(content, str):
        return message
    texts = [block if isinstance(block, str) else str(block.get("text", UNSEEN_IMAGE)) for block in content]
    return message.model_copy(update={"content": "\n".join(texts)})
