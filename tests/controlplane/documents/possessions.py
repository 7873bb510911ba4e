"""What addresses of documents are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser
from tests.controlplane.documents.files import upload

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("document-search", "post"): {"query": "tea"},
    ("document", "patch"): {"is_active": False, "category": "mine now"},
}


def make(user: CustomUser) -> dict[str, object]:
    """A document with its file."""
    return {"document_id": upload(user).pk}
