"""The file of a finished export, opened."""

import json
import zipfile
from typing import Any

from controlplane.takeout.models import AccountExport
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
