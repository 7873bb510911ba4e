"""A thread with images goes on with a model that cannot see them."""

from langchain_core.messages import AIMessage, HumanMessage

from graphs.agent.images import without_images
from graphs.agent.prompts import UNSEEN_IMAGE

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_images_become_notes_and_the_thread_keeps_them():
    shown = HumanMessage([{"type": "text", "text": "Look."}, IMAGE], id="h")
    others = [HumanMessage("Plain."), AIMessage([{"type": "text", "text": "Seen."}])]

    view = without_images([shown, *others])

    assert view[0].content == f"Look.\n{UNSEEN_IMAGE}"
    assert view[0].id == "h"
    assert view[1:] == others
    assert shown.content == [{"type": "text", "text": "Look."}, IMAGE]
