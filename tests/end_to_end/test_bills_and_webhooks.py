"""A webhook is a hint: lost, doubled, late, early or forged, it never changes what a run costs."""

import json
import uuid

from tests.end_to_end.api import eventually
from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.control_plane_line import Fate
from tests.end_to_end.planes_apart import PlanesApart
from tests.end_to_end.sdk_listener import begun_to_speak
from tests.end_to_end.tool_turns import LONG, Said, script_tool_turn


def spoken(planes: PlanesApart, prompt: int, completion: int) -> str:
    """Have a turn with these figures, over its end; return the run's id."""
    api, word = planes.signed_in(), f"webhook-{uuid.uuid4()}"
    planes.model.reply(word, "Said.", prompt_tokens=prompt, completion_tokens=completion)
    return str(api.say(api.new_session(), word)["run_id"])


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
    planes.wait_for_jobs_of(run_id)
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
    planes.wait_for_jobs_of(run_id)
    assert (planes.bills.run(run_id), planes.bills.calls(run_id)) == before
    planes.bills.balance()


def test_webhook_that_comes_before_the_end_ends_nothing(planes: PlanesApart) -> None:
    api, word = planes.signed_in(), f"early-{uuid.uuid4()}"
    script_tool_turn(planes.model, word, Said(LONG, (43, 17)), Said("It is 42.", (47, 19)))
    session = api.new_session()

    with begun_to_speak(api, session, word) as hearing:
        run_id = hearing.run_id
        early = {"run_id": run_id, "thread_id": session, "status": "error"}
        assert planes.post_webhook(json.dumps(early)).status_code == 202
        seen = eventually(
            lambda: planes.bills.run(run_id), lambda run: run["status"] != "provisional", within=5
        )
        assert (seen["status"], seen["ended_at"], seen["settled_at"]) == ("running", None, None)
        heard = hearing.end()

    assert (heard.run_id, heard.heard) == (run_id, LONG + "It is 42.")
    assert in_short(planes.bills.settled(run_id)) == exactly((43, 17), (47, 19))
    run = planes.bills.run(run_id)
    assert (run["status"], run["error_code"]) == ("success", "")
    planes.bills.balance()


def test_swapped_webhooks_of_two_runs_book_each_its_own(planes: PlanesApart) -> None:
    """The end of the later run is told first, and its twin comes when both are settled."""
    with planes.line.webhooks_are(Fate.KEPT):
        first, second = spoken(planes, 59, 3), spoken(planes, 61, 5)
        webhooks = [planes.line.webhook_of(run_id) for run_id in (first, second)]

    for webhook in reversed(webhooks):
        planes.line.deliver(webhook)

    assert in_short(planes.bills.settled(first)) == exactly((59, 3))
    assert in_short(planes.bills.settled(second)) == exactly((61, 5))
    before = [(planes.bills.run(run_id), planes.bills.calls(run_id)) for run_id in (first, second)]
    planes.line.deliver(webhooks[0])
    assert [webhook.answers for webhook in webhooks] == [[202, 202], [202]]
    for run_id in (first, second):
        planes.wait_for_jobs_of(run_id)
    assert [(planes.bills.run(run_id), planes.bills.calls(run_id)) for run_id in (first, second)] == before
    planes.bills.balance()


def test_webhook_with_the_thread_of_another_run_ends_neither(planes: PlanesApart) -> None:
    """Two genuine ids in one body: a run is ended by what was said of it alone."""
    with planes.line.webhooks_are(Fate.KEPT):
        first, second = spoken(planes, 67, 7), spoken(planes, 71, 9)
        bodies = [json.loads(planes.line.webhook_of(run_id).body) for run_id in (first, second)]

    crossed = planes.post_webhook(json.dumps({**bodies[0], "thread_id": bodies[1]["thread_id"]}))

    assert (crossed.status_code, crossed.json()["error"]["code"]) == (404, "run_not_found")
    assert in_short(planes.bills.settled(first)) == exactly((67, 7))
    assert in_short(planes.bills.settled(second)) == exactly((71, 9))
    planes.bills.balance()


def test_webhook_of_a_run_whose_session_was_deleted_settles_it(planes: PlanesApart) -> None:
    """Deletion waits for nobody's webhook, and one that comes afterwards brings nothing back."""
    api, word = planes.signed_in(), f"deleted-{uuid.uuid4()}"
    planes.model.reply(word, "Said.", prompt_tokens=73, completion_tokens=11)
    session = api.new_session()
    with planes.line.webhooks_are(Fate.KEPT):
        run_id = str(api.say(session, word)["run_id"])
        webhook = planes.line.webhook_of(run_id)
        assert api.http.delete(f"sessions/{session}/").status_code in (202, 204)

    planes.line.deliver(webhook)

    assert webhook.answers in ([202], [404])
    assert in_short(planes.bills.settled(run_id)) == exactly((73, 11))
    planes.wait_for_jobs_of(run_id)
    assert api.http.get(f"sessions/{session}/").status_code in (404, 410)
    planes.bills.balance()
