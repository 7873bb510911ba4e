"""What addresses of deletions are about (see tests/controlplane/api/test_isolation.py)."""

import uuid

from controlplane.accounts.models import CustomUser
from controlplane.erasure.models import DeletionReceipt

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {}


def make(user: CustomUser) -> dict[str, object]:
    """The receipt of a conversation that was deleted."""
    receipt = DeletionReceipt.objects.create(kind="session", subject_id=uuid.uuid4(), user=user)
    return {"receipt_id": receipt.pk}
