"""The journal keeps the newest calls and no more."""

from controlplane.embedded.model_server.journal import REMEMBERED_CALLS, Journal


def test_oldest_calls_are_forgotten() -> None:
    journal = Journal()
    for number in range(REMEMBERED_CALLS + 1):
        journal.begin(path="/v1/embeddings", client_request_id=str(number))
    ids = [entry["client_request_id"] for entry in journal.entries()]
    assert len(ids) == REMEMBERED_CALLS == 1000
    assert (ids[0], ids[-1]) == ("1", "1000")


def test_call_without_id_is_kept() -> None:
    journal = Journal()
    call = journal.begin(path="/v1/chat/completions", client_request_id=None)
    call.status = 401
    (entry,) = journal.entries()
    assert (entry["client_request_id"], entry["usage"], entry["status"]) == (None, None, 401)
