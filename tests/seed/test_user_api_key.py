"""The specification's example of UserAPIKey."""

from controlplane.provider_keys.models import UserAPIKey
from tests.controlplane.provider_keys.fixtures import provider
from tests.controlplane.provider_keys.provider_server import MODELS

__all__ = ["provider"]


def test_key_is_stored_validated_and_used(user, provider):
    provider.status, provider.body = 200, MODELS

    # Store user's API key (encrypted)
    api_key = UserAPIKey.objects.create(
        user=user,
        provider="openai",
        key_name="My OpenAI Key",
    )
    api_key.encrypt_api_key("sk-...")  # Encrypted before saving
    api_key.save()

    # Validate key
    result = api_key.validate_key()
    if result["valid"]:
        api_key.is_validated = True
        api_key.save()

    # Use in request
    actual_key = api_key.decrypt_api_key()

    assert actual_key == "sk-..."
    assert result["valid"] is True
    assert provider.asked == [("/v1/models", provider.base_url[7:-3], "Bearer sk-...")]
    stored = UserAPIKey.objects.get()
    assert (stored.is_validated, stored.is_active, stored.is_default) == (True, True, False)
    assert stored.decrypt_api_key() == "sk-..."
    assert "sk-..." not in stored.encrypted_key
    assert (stored.usage_count, stored.total_tokens_used) == (0, 0)
    assert (stored.daily_limit, stored.monthly_limit, stored.key_prefix) == (None, None, "")
