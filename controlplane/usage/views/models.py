"""The models that users may choose, what they can do and what they cost, which the ledger knows."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.api.pagination import KeysetPagination
from controlplane.language_models.capabilities import is_text_only
from controlplane.language_models.models import AllowedModel
from controlplane.language_models.selection import (
    allowed_models,
    default_model_name,
    model_allowed_without_row,
)
from controlplane.usage.pricing import PriceBook

EXAMPLE = OpenApiExample(
    "A model",
    value={
        "name": "gpt-4o",
        "provider": "openai",
        "display_name": "GPT-4o",
        "supports_tools": True,
        "supports_vision": True,
        "supports_reasoning": False,
        "context_length": 128000,
        "max_output_tokens": 16384,
        "is_default": True,
        "price": {
            "input_mtok": "2.500000",
            "cached_input_mtok": "1.250000",
            "output_mtok": "10.000000",
            "source": "genai_prices",
        },
    },
    response_only=True,
)


class ModelPages(KeysetPagination[AllowedModel]):
    """By name."""

    ordering = "name"


class RatesSerializer(serializers.Serializer[Any]):
    """US dollars per million tokens, as of now; null where nothing is known."""

    input_mtok = serializers.DecimalField(max_digits=None, decimal_places=6, allow_null=True)
    cached_input_mtok = serializers.DecimalField(max_digits=None, decimal_places=6, allow_null=True)
    output_mtok = serializers.DecimalField(max_digits=None, decimal_places=6, allow_null=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=["genai_prices", "house"]
    )

    class Meta:
        ref_name = "ModelRates"


class ModelsView(generics.GenericAPIView[AllowedModel]):
    """The models that may be used."""

    pagination_class = ModelPages

    class Output(serializers.Serializer[Any]):
        """A model; what is not known of it is null or false."""

        name = serializers.CharField()
        provider = serializers.CharField()
        display_name = serializers.CharField(source="title")
        supports_tools = serializers.BooleanField()
        supports_vision = serializers.BooleanField()
        supports_reasoning = serializers.BooleanField()
        context_length = serializers.IntegerField(allow_null=True)
        max_output_tokens = serializers.IntegerField(allow_null=True)
        is_default = serializers.SerializerMethodField(help_text="Taken where no model is named.")
        price = serializers.SerializerMethodField()

        class Meta:
            ref_name = "Model"

        def get_is_default(self, model: AllowedModel) -> bool:
            """Compare with the one default, which may come from the settings."""
            return bool(model.name == self.context["default"])

        @extend_schema_field(RatesSerializer(allow_null=True))
        def get_price(self, model: AllowedModel) -> Any:
            """Give what a million tokens cost, or None when no price is known."""
            provider = model.provider or None
            rates = self.context["prices"].rates(model.name, provider=provider, at=timezone.now())
            return None if rates is None else RatesSerializer(rates).data

    serializer_class = Output

    @extend_schema(
        responses=Output(many=True), operation_id="models_list", tags=["models"], examples=[EXAMPLE]
    )
    def get(self, request: Request) -> Response:
        """List them by name, a page at a time; a model that only the settings name comes first."""
        default = default_model_name()
        models = self.paginate_queryset(allowed_models()) or []
        if not request.query_params.get("cursor"):
            models = [*_allowed_without_row(), *models]
        context = {"default": default, "prices": PriceBook(model.name for model in models)}
        return self.get_paginated_response(self.Output(models, many=True, context=context).data)


def _allowed_without_row() -> list[AllowedModel]:
    name = model_allowed_without_row()
    if name is None:
        return []
    can = not is_text_only(name)
    return [AllowedModel(name=name, is_active=True, supports_tools=can, supports_vision=can)]
