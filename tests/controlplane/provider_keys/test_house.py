"""The house's calls go to a provider's own server where the house has a key for it."""

import pytest

from controlplane.config.provider_settings import ProviderSettings
from controlplane.provider_keys.house import house_server_of

CLAUDE = "claude-sonnet-4-5"
SERVERS = {"anthropic": {"protocol": "anthropic", "base_url": None, "api_key": "sk-ant-house"}}


def test_environment_names_the_servers_that_have_a_key(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-house")
    monkeypatch.setenv("MISTRAL_BASE_URL", "https://mistral.example/v1")
    assert ProviderSettings().provider_servers() == SERVERS


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CLAUDE, ("anthropic", "sk-ant-house", None)),
        ("gpt-4o-mini", ("openai", "sk-house", "http://all.test/v1")),
    ],
)
def test_each_model_has_its_server(model, expected, db, settings):
    settings.PROVIDER_SERVERS = SERVERS
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = "http://all.test/v1", "sk-house"
    server = house_server_of(model)
    assert (server.protocol, server.api_key, server.base_url) == expected
    assert "sk-" not in repr(server)


def test_without_such_keys_one_server_has_all_models(db, settings, django_assert_num_queries):
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = "http://all.test/v1", "sk-house"
    with django_assert_num_queries(0):
        server = house_server_of(CLAUDE)
    assert (server.protocol, server.api_key, server.base_url) == ("openai", "sk-house", "http://all.test/v1")
