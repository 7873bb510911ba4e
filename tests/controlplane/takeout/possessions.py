"""What addresses of exports are about (see tests/controlplane/api/test_isolation.py)."""

from datetime import timedelta

from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.takeout.models import AccountExport
from controlplane.takeout.staging import Staging

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {}


def make(user: CustomUser) -> dict[str, object]:
    """An export whose file is there."""
    export = AccountExport.objects.create(
        user=user, status="ready", size_bytes=3, expires_at=timezone.now() + timedelta(days=1)
    )
    Staging(export.pk).file.write_bytes(b"zip")
    return {"export_id": export.pk}
