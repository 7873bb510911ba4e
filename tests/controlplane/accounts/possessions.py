"""What addresses of accounts are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser
from controlplane.accounts.personal_tokens import personal_token_create

PUBLIC = {"sign-in", "token-refresh"}
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("personal-tokens", "post"): {"name": "Report", "scopes": ["read"]},
}


def make(user: CustomUser) -> dict[str, object]:
    """A personal access token; an account itself is named by its caller, never by an address."""
    token, _ = personal_token_create(owner_id=user.pk, name="Report", scopes=["read"])
    return {"personal_token_id": token.pk}
