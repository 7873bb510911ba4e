"""A webhook is a hint: lost, doubled, late, early or forged, it never changes what a run costs."""

import uuid

from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.control_plane_line import Fate
from tests.end_to_end.planes_apart import PlanesApart

PACE = {"streamingProfile": {"ttft": 20, "tps": 20}, "chunkSize": 10}
TEXT = "A word and more. " * 24
HEADER = "X-Threadplane-Webhook"


def spoken(planes: PlanesApart, prompt: int, completion: int) -> str:
    """Have a turn with these figures, over its end; return the run's id."""
    api, word = planes.signed_in(), f"webhook-{uuid.uuid4()}"
    planes.model.reply(word, "Said.", prompt_tokens=prompt, completion_tokens=completion)
    return str(api.say(api.new_session(), word)["run_id"])


def later_turn_is_settled(planes: PlanesApart) -> None:
    """Wait until the queue has come round: its jobs are taken in turn, by two processes."""
    for _ in range(2):
        planes.bills.settled(spoken(planes, 1, 1))


def test_lost_webhook_is_made_up_for_by_the_sweep(planes: PlanesApart) -> None:
    with planes.line.webhooks_are(Fate.LOST):
        run_id = spoken(planes, 23, 7)
        webhook = planes.line.webhook_of(run_id)
    assert in_short(planes.bills.settled(run_id)) == exactly((23, 7))
    assert webhook.answers == []
    planes.bills.balance()


def test_doubled_webhook_books_once(planes: PlanesApart) -> None:
    with planes.line.webhooks_are(Fate.DOUBLED):
        run_id = spoken(planes, 29, 11)
        webhook = planes.line.webhook_of(run_id)
    assert in_short(planes.bills.settled(run_id)) == exactly((29, 11))
    assert webhook.answers == [202, 202]
    later_turn_is_settled(planes)
    assert in_short(planes.bills.calls(run_id)) == exactly((29, 11))
    planes.bills.balance()


def test_webhook_that_comes_after_the_sweep_changes_nothing(planes: PlanesApart) -> None:
    with planes.line.webhooks_are(Fate.KEPT):
        run_id = spoken(planes, 37, 13)
        webhook = planes.line.webhook_of(run_id)
    assert in_short(planes.bills.settled(run_id)) == exactly((37, 13))
    before = planes.bills.run(run_id), planes.bills.calls(run_id)

    planes.line.deliver(webhook)

    assert webhook.answers == [202]
    later_turn_is_settled(planes)
    assert (planes.bills.run(run_id), planes.bills.calls(run_id)) == before
    planes.bills.balance()
