"""Images come in within bounds and for models that can see; addresses do not."""

import base64
from typing import Any
from uuid import UUID

import pytest

from graphs.access.conversation import human_input
from graphs.access.denial import Denial
from graphs.access.images import MOST_BYTES, MOST_IMAGES, require_sight

RUN = UUID("0192f0c1-0000-7000-8000-000000000001")
PNG = b"\x89PNG\r\n\x1a\n"


def data_url(data: bytes = PNG + b"rest", kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def shown(*urls: Any) -> dict[str, Any]:
    images = [{"type": "image_url", "image_url": {"url": url, "detail": "high"}} for url in urls]
    return {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Look."}, *images], "id": "m"}]
    }


@pytest.mark.parametrize(
    ("kind", "data"),
    [("png", PNG), ("jpeg", b"\xff\xd8\xff\xe0"), ("gif", b"GIF89a.."), ("webp", b"RIFF....WEBP")],
)
def test_image_is_rebuilt_from_its_data_alone(kind: str, data: bytes):
    url = data_url(data, kind)

    assert human_input(shown(url), run_id=RUN) == {
        "messages": [
            {
                "type": "human",
                "id": "m",
                "content": [
                    {"type": "text", "text": "Look."},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ]
    }


@pytest.mark.parametrize(
    "urls",
    [
        pytest.param(["https://example.com/cat.png"], id="address"),
        pytest.param(["http://169.254.169.254/"], id="address within"),
        pytest.param(["file:///etc/passwd"], id="file"),
        pytest.param([data_url(kind="svg+xml")], id="kind that is not shown"),
        pytest.param([data_url(b"GIF89a", "png")], id="another kind than it says"),
        pytest.param(["data:image/png;base64,"], id="empty"),
        pytest.param(["data:image/png;base64,!!!!"], id="no base64"),
        pytest.param([data_url() + "\n"], id="line feed"),
        pytest.param([5], id="number"),
        pytest.param([None], id="nothing"),
        pytest.param([{"url": data_url()}], id="object"),
        pytest.param([data_url(PNG + bytes(MOST_BYTES))], id="too large"),
        pytest.param([data_url(PNG + bytes(3 * 1024 * 1024))] * 3, id="too large together"),
        pytest.param([data_url()] * (MOST_IMAGES + 1), id="too many"),
    ],
)
def test_other_images_are_refused(urls: list[Any]):
    with pytest.raises(Denial) as denied:
        human_input(shown(*urls), run_id=RUN)

    assert denied.value.status_code == 422


def test_model_that_cannot_see_is_shown_nothing():
    given = human_input(shown(data_url()), run_id=RUN)

    with pytest.raises(Denial, match="model_cannot_see"):
        require_sight(given, supports_vision=False)
    require_sight(given, supports_vision=True)
    require_sight(human_input({"messages": "words"}, run_id=RUN), supports_vision=False)
    require_sight(None, supports_vision=False)
