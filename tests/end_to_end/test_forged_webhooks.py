"""Webhooks that the Agent Server did not send, or sent in pieces, are refused and change nothing."""

import json
import uuid

from tests.end_to_end.bills import exactly, in_short
from tests.end_to_end.planes_apart import PlanesApart
from tests.end_to_end.sdk_listener import begun_to_speak
from tests.end_to_end.tool_turns import LONG, SLOWLY


def said_to_be_over(run_id: str, thread_id: str, **changes: str) -> str:
    """Describe the end of a run as the Agent Server does."""
    times = {"run_started_at": "2026-03-01T10:00:00+00:00", "run_ended_at": "2026-03-01T10:00:05+00:00"}
    return json.dumps({"run_id": run_id, "thread_id": thread_id, "status": "error", **times, **changes})


def refusals(planes: PlanesApart, run_id: str, session: str) -> dict[str, tuple[int, str]]:
    """Try each forgery on a run; return the answers, status and code."""
    genuine, elsewhere = said_to_be_over(run_id, session), str(uuid.uuid4())
    forgeries = {
        "no secret": planes.post_webhook(genuine, secret=""),
        "wrong secret": planes.post_webhook(genuine, secret="x" * 43),
        "the other door's secret": planes.post_webhook(genuine, secret=planes.secret("CONTROL_PLANE_SECRET")),
        "wrong secret, no JSON": planes.post_webhook("{", secret="x" * 43),
        "unknown run": planes.post_webhook(said_to_be_over(elsewhere, session)),
        "another thread's run": planes.post_webhook(said_to_be_over(run_id, elsewhere)),
        "no thread": planes.post_webhook(json.dumps({"run_id": run_id, "status": "error"})),
        "no JSON": planes.post_webhook("{"),
        "no run": planes.post_webhook(json.dumps({"thread_id": session, "status": "error"})),
        "no id": planes.post_webhook(said_to_be_over("1 or 1=1", session)),
        "no end": planes.post_webhook(said_to_be_over(run_id, session, status="running")),
        "too large": planes.post_webhook(said_to_be_over(run_id, session, more="x" * 1_000_000)),
    }
    return {
        name: (answer.status_code, answer.json()["error"]["code"] if answer.content else "")
        for name, answer in forgeries.items()
    }


def test_forged_webhooks_are_refused_and_change_nothing(planes: PlanesApart) -> None:
    api, word = planes.signed_in(), f"forged-{uuid.uuid4()}"
    planes.model.reply(word, LONG, prompt_tokens=53, completion_tokens=29, **SLOWLY)
    session = api.new_session()

    with begun_to_speak(api, session, word) as hearing:
        before = planes.bills.standing()
        answers = refusals(planes, hearing.run_id, session)
        after = planes.bills.standing()
        heard = hearing.end()

    assert answers == {
        "no secret": (403, "forged_webhook"),
        "wrong secret": (403, "forged_webhook"),
        "the other door's secret": (403, "forged_webhook"),
        "wrong secret, no JSON": (403, "forged_webhook"),
        "unknown run": (404, "run_not_found"),
        "another thread's run": (404, "run_not_found"),
        "no thread": (404, "run_not_found"),
        "no JSON": (400, "malformed_json"),
        "no run": (422, "validation_failed"),
        "no id": (422, "validation_failed"),
        "no end": (422, "validation_failed"),
        "too large": (413, "body_too_large"),
    }
    assert after == before
    assert heard.heard == LONG
    assert in_short(planes.bills.settled(heard.run_id)) == exactly((53, 29))
    planes.bills.balance()
