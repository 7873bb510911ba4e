"""Which images a user may show to the agent: bounded, of known kinds, and within the message itself."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphs.access.denial import denial, invalid

MOST_IMAGES: Final = 4
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_BYTES_TOGETHER: Final = 8 * 1024 * 1024
# How files of each kind begin; what says that it is another is refused.
BEGINNINGS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "webp": (b"RIFF",),
    "gif": (b"GIF87a", b"GIF89a"),
}
_DATA_URL = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+={0,2})\Z")
_LONGEST_URL = MOST_BYTES * 4 // 3 + 64

Block = dict[str, Any]


def is_image(block: object) -> bool:
    """Whether a block of a message is, or claims to be, an image."""
    return isinstance(block, Mapping) and block.get("type") == "image_url"


def image_block(block: Mapping[str, Any]) -> Block:
    """Rebuild an image's block from its data alone; raises a 422 denial.

    Addresses are refused: the model's server would fetch whatever a user names.
    """
    given = block.get("image_url")
    url = given.get("url") if isinstance(given, Mapping) else given
    if not isinstance(url, str):
        raise invalid("input", "An image has a url.")
    if len(url) > _LONGEST_URL:
        raise invalid("input", f"An image has at most {MOST_BYTES} bytes.")
    match = _DATA_URL.match(url)
    if match is None or not _begins_as(match[1], match[2]):
        raise invalid("input", "An image is a data: URL in base64 of a PNG, JPEG, WebP or GIF.")
    return {"type": "image_url", "image_url": {"url": url}}


def require_bounded(messages: Iterable[Mapping[str, Any]]) -> None:
    """Refuse too many images, or too many bytes of them, in one run; raises a 422 denial."""
    sizes = [len(block["image_url"]["url"]) * 3 // 4 for block in images_of(messages)]
    if len(sizes) > MOST_IMAGES:
        raise invalid("input", f"Send at most {MOST_IMAGES} images.")
    if any(size > MOST_BYTES for size in sizes) or sum(sizes) > MOST_BYTES_TOGETHER:
        raise invalid(
            "input", f"An image has at most {MOST_BYTES} bytes, all together {MOST_BYTES_TOGETHER}."
        )


def require_sight(given: object, *, supports_vision: bool) -> None:
    """Refuse images for a model that cannot see them; raises a 422 denial `model_cannot_see`."""
    messages = given.get("messages") if isinstance(given, Mapping) else None
    if supports_vision or not images_of(messages or ()):
        return
    message = "This model cannot see images."
    raise denial(422, "model_cannot_see", message, extra={"fields": {"input": [message]}})


def images_of(messages: Iterable[Mapping[str, Any]]) -> list[Block]:
    """Give the image blocks of rebuilt messages."""
    contents = (message["content"] for message in messages)
    return [
        block for content in contents if isinstance(content, list) for block in content if is_image(block)
    ]


def _begins_as(kind: str, data: str) -> bool:
    try:
        # Enough for every beginning, and a whole number of base64's groups.
        head = base64.b64decode(data[:32] if len(data) > 32 else data, validate=True)  # noqa: PLR2004
    except binascii.Error:
        return False
    return len(data) % 4 == 0 and head.startswith(BEGINNINGS[kind])
