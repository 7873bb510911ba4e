"""Receipts over REST: one's own, newest first, page by page."""

import uuid
from datetime import timedelta

from django.utils import timezone

from controlplane.erasure.models import DeletionReceipt


def test_receipt_says_how_far_it_is_and_what_went(api, deleted, erase, no_waiting):
    erase(deleted)
    (shown,) = api.get("/api/v1/deletions/").json()["results"]

    assert (shown["kind"], shown["subject_id"], shown["state"]) == (
        "session", str(deleted.pk), "looking_again",
    )  # fmt: skip
    erase(deleted)
    read = api.get(f"/api/v1/deletions/{shown['id']}/").json()
    assert (read["state"], read["counts"]) == ("done", {"chatsession": 1})


def test_pages_are_cut_by_key(api, user, stranger):
    now = timezone.now()
    for number, owner in enumerate((user, stranger, user, user)):
        DeletionReceipt.objects.create(
            kind="session", subject_id=uuid.uuid4(), user=owner, requested_at=now + timedelta(seconds=number)
        )

    first = api.get("/api/v1/deletions/?limit=2").json()
    rest = api.get(first["next"]).json()

    moments = [row["requested_at"] for row in first["results"] + rest["results"]]
    assert (len(moments), rest["next"]) == (3, None)
    assert moments == sorted(moments, reverse=True)
