"""A folder of its own for each test's files."""

import pytest


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    """An empty folder."""
    settings.MEDIA_ROOT = tmp_path / "documents"
    return settings.MEDIA_ROOT
