"""A folder of its own for each test's files, and an export as a worker makes it."""

import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.models import CustomUser
from controlplane.takeout.making import export_make
from controlplane.takeout.models import AccountExport
from controlplane.takeout.services import export_request
from controlplane.takeout.staging import Staging


class Exported:
    """The file of a finished export."""

    def __init__(self, export: AccountExport) -> None:
        with zipfile.ZipFile(Staging(export.pk).file) as archive:
            assert archive.testzip() is None
            self.files = {name: archive.read(name) for name in archive.namelist()}

    def text(self, name: str) -> str:
        """Read one file."""
        return self.files[name].decode()

    def json(self, name: str) -> Any:
        """Read one file as JSON."""
        return json.loads(self.files[name])


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
