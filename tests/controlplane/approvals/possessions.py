"""What addresses of approvals are about (see tests/controlplane/api/test_isolation.py)."""

import uuid
from datetime import timedelta

from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.approvals.models import ToolApproval

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {("approval-decide", "post"): {"decision": "approve"}}


def make(user: CustomUser) -> dict[str, object]:
    """A call that waits beside another: deciding it resumes nothing."""
    thread_id = uuid.uuid4()
    waiting = [
        ToolApproval.objects.create(
            id=uuid.uuid4(),
            user=user,
            thread_id=thread_id,
            run_id=uuid.uuid4(),
            message_id="m",
            position=position,
            tool_name="calculator",
            expires_at=timezone.now() + timedelta(hours=1),
        )
        for position in range(2)
    ]
    return {"approval_id": waiting[0].pk}
