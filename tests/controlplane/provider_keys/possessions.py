"""What addresses of provider keys are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser
from controlplane.provider_keys.models import UserAPIKey

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("provider-keys", "post"): {"provider": "openai", "key_name": "Mine", "api_key": "sk-0123456789abcdef"},
    ("provider-key", "patch"): {"key_name": "Mine now"},
}


def make(user: CustomUser) -> dict[str, object]:
    """A key that was never entered, so that validating it asks nobody."""
    return {"key_id": UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine").pk}
