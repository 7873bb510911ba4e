"""A permit for a model of a provider with a server of its own says how that is spoken to."""

from decimal import Decimal

from controlplane.config.environment import ModelPrice
from controlplane.language_models.models import AllowedModel
from controlplane.runs.permits import call_permit


def test_permit_names_the_protocol(admitted, call_request, settings):
    settings.PROVIDER_SERVERS = {
        "anthropic": {"protocol": "anthropic", "base_url": None, "api_key": "sk-ant-house"}
    }
    settings.MODEL_PRICES = {"our-claude": ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1))}
    AllowedModel.objects.create(name="our-claude", provider="anthropic")
    permit = call_permit(call_request(admitted(), model="our-claude"))
    assert (permit.protocol, permit.api_key, permit.base_url) == ("anthropic", "sk-ant-house", None)
    assert "sk-ant" not in repr(permit)
