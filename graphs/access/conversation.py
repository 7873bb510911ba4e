"""What a user may say to the agent: human messages of text and images, nothing forged in another's name."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from graphs.access.denial import invalid
from graphs.access.images import Block, image_block, is_image, require_bounded

HUMAN_NAMES = frozenset({"human", "user"})
MOST_MESSAGES = 20
MOST_CHARACTERS = 200_000
LONGEST_ID = 100


def human_input(given: object, *, run_id: UUID) -> dict[str, Any] | None:
    """Rebuild a run's input from what is allowed in it; None (go on from the last state) stays None.

    Accepts the spellings that LangGraph accepts: text, a message, a list of messages, pairs of role and text.
    Everything beyond role, content and id is left out. A message without an id gets one that is the run's:
    a server that was killed may repeat a run, which then says nothing twice. Raises a 422 denial.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"messages"}:
        raise invalid("input", "Send an object with the key “messages” alone.")
    messages = [
        {"id": str(uuid5(run_id, str(place))), **_human(entry)}
        for place, entry in enumerate(_entries(given["messages"]))
    ]
    if not 1 <= len(messages) <= MOST_MESSAGES:
        raise invalid("input", f"Send between 1 and {MOST_MESSAGES} messages.")
    if sum(len(_words(message["content"])) for message in messages) > MOST_CHARACTERS:
        raise invalid("input", f"Send at most {MOST_CHARACTERS} characters.")
    require_bounded(messages)
    return {"messages": messages}


def _entries(given: object) -> Sequence[object]:
    if isinstance(given, list):
        return given
    if isinstance(given, str | Mapping):
        return [given]
    raise invalid("input", "“messages” must be a list of messages.")


def _human(entry: object) -> dict[str, Any]:
    if isinstance(entry, str):
        return _message(entry)
    if isinstance(entry, list | tuple) and len(entry) == 2:  # noqa: PLR2004  # a pair of role and text
        entry = {"role": entry[0], "content": entry[1]}
    if not isinstance(entry, Mapping):
        raise invalid("input", "A message is an object with role and content.")
    names = {entry[key] for key in ("role", "type") if isinstance(entry.get(key), str)}
    if not names or not names <= HUMAN_NAMES:
        raise invalid("input", "Only human messages may be sent.")
    message_id = entry.get("id")
    if message_id is not None and not _is_short_text(message_id):
        raise invalid("input", "A message's id is a short text.")
    return _message(_content(entry.get("content")), message_id)


def _is_short_text(message_id: object) -> bool:
    return isinstance(message_id, str) and 0 < len(message_id) <= LONGEST_ID and "\x00" not in message_id


def _message(content: str | list[Block], message_id: str | None = None) -> dict[str, Any]:
    words = _words(content)
    if not words.strip() and isinstance(content, str):
        raise invalid("input", "A message needs text.")
    if "\x00" in words:
        raise invalid("input", "A message must not hold null characters.")
    message = {"type": "human", "content": content}
    return {**message, "id": message_id} if message_id else message


def _content(content: object) -> str | list[Block]:
    """Join text blocks, and keep the images among them as blocks; anything else is refused."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid("input", "A message's content is text and images.")
    if not any(is_image(block) for block in content):
        return "".join(_block_text(block) for block in content)
    return [
        image_block(block) if is_image(block) else {"type": "text", "text": _block_text(block)}
        for block in content
    ]


def _words(content: str | list[Block]) -> str:
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


def _block_text(block: object) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, Mapping) and block.get("type") == "text" and isinstance(block.get("text"), str):
        return str(block["text"])
    raise invalid("input", "A message's content is text and images.")
