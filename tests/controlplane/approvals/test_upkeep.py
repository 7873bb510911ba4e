"""What nobody answers is closed by a job, and what belongs to nobody goes."""

import uuid
from datetime import timedelta

from django.utils import timezone

from controlplane.approvals import upkeep
from controlplane.approvals.models import ToolApproval
from controlplane.approvals.tasks import close_late


def test_late_ones_are_marked_and_others_left(ask, monkeypatch):
    monkeypatch.setattr(upkeep, "ROWS_PER_BATCH", 2)
    late, decided = ask(5), ask(2, message_id="m2")
    [fresh] = ask(1, message_id="m3")
    ToolApproval.objects.exclude(pk=fresh.pk).update(expires_at=timezone.now())
    ToolApproval.objects.filter(message_id="m2").update(status="approved")

    assert close_late() == 5
    assert close_late() == 0

    by_status = {one.pk: one.status for one in ToolApproval.objects.all()}
    assert {by_status[one.pk] for one in late} == {"expired"}
    assert {by_status[one.pk] for one in decided} == {"approved"}
    assert by_status[fresh.pk] == "pending"


def test_old_questions_of_studio_go_and_users_stay(ask, user):
    kept = ask(2)
    studio = [
        ToolApproval.objects.create(
            id=uuid.uuid4(),
            thread_id=uuid.uuid4(),
            run_id=uuid.uuid4(),
            position=0,
            tool_name="calculator",
            expires_at=timezone.now() - age,
        )
        for age in (timedelta(days=31), timedelta(days=29))
    ]
    ToolApproval.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(days=99))

    close_late()

    left = set(ToolApproval.objects.values_list("pk", flat=True))
    assert left == {*(one.pk for one in kept), studio[1].pk}
