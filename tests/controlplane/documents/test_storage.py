"""Names that users type never reach the disk, and are harmless where they are shown."""

import stat
import uuid

import pytest

from controlplane.documents.storage import claimed_type, private_storage, shown_name, storage_name
from tests.controlplane.documents.files import a_file, kept_files


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param("tea.txt", "tea.txt", id="plain"),
        pytest.param("../../etc/passwd", "passwd", id="folders"),
        pytest.param("C:\\Users\\ada\\tea.txt", "tea.txt", id="windows"),
        pytest.param("te\x00a\r\n.txt", "tea.txt", id="control"),
        pytest.param("evil\u202etxt.exe", "eviltxt.exe", id="right-to-left"),
        pytest.param("  two   blanks .txt ", "two blanks .txt", id="blanks"),
        pytest.param("..", "document", id="dots"),
        pytest.param("", "document", id="nothing"),
        pytest.param("/", "document", id="folder-only"),
        pytest.param("Ü" * 300 + ".pdf", "Ü" * 196 + ".pdf", id="long"),
        pytest.param("x" * 300, "x" * 200, id="long-without-ending"),
        pytest.param("x." + "y" * 300, "x." + "y" * 198, id="long-ending"),
        pytest.param("e\u0301t\u00e9.txt", "été.txt", id="composed"),
    ],
)
def test_name_is_cleaned_for_display(given, shown):
    assert shown_name(given) == shown


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("text/plain; charset=utf-8", "text/plain"),
        ("Application/PDF", "application/pdf"),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("a/" + "b" * 200, "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
    ids=["parameter", "case", "header", "no-type", "long", "none"],
)
def test_type_is_taken_over_only_when_it_is_one(given, taken):
    assert claimed_type(given) == taken


def test_stored_name_is_ours():
    name = storage_name(None, "../../evil.php")

    folder, file = name.split("/")
    assert uuid.UUID(hex=file).hex == file
    assert folder == file[:2]
    assert storage_name(None, "x") != name


def test_file_is_private_and_has_no_address():
    storage = private_storage()
    name = storage.save(storage_name(None, ""), a_file())

    (path,) = kept_files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(ValueError, match="no address"):
        storage.url(name)
