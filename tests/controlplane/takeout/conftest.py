"""A folder of its own for each test's files, and an export as a worker makes it."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.models import CustomUser
from controlplane.takeout.making import export_make
from controlplane.takeout.models import AccountExport
from controlplane.takeout.services import export_request


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    """An empty folder."""
    settings.MEDIA_ROOT = tmp_path / "documents"
    return settings.MEDIA_ROOT


@pytest.fixture
def make_export(agent_server) -> Callable[[CustomUser], AccountExport]:
    """Ask for an export and make it."""

    def make(user: CustomUser) -> AccountExport:
        export = export_request(owner_id=user.pk)
        assert async_to_sync(export_make)(export_id=export.pk) is False
        export.refresh_from_db()
        return export

    return make
