"""What holds for the next message of a session, and which level each value comes from."""

import uuid
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.chat.selectors import session_get
from controlplane.preferences.limits import limits_in_force
from controlplane.preferences.origins import Origin
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes

ORIGINS = [Origin.SESSION, Origin.PREFERENCE, Origin.GROUP, Origin.SYSTEM]


def _setting(name: str, value: "serializers.Field[Any, Any, Any, Any]") -> type[serializers.Serializer[Any]]:
    """Make the serializer of a value of one kind and its origin."""
    origin = serializers.ChoiceField(choices=[str(origin) for origin in ORIGINS], read_only=True)
    meta = type("Meta", (), {"ref_name": name})
    return type(name, (serializers.Serializer,), {"value": value, "origin": origin, "Meta": meta})


TextSetting = _setting("TextSetting", serializers.CharField(read_only=True))
SwitchSetting = _setting("SwitchSetting", serializers.BooleanField(read_only=True))
NumberSetting = _setting("NumberSetting", serializers.IntegerField(read_only=True, allow_null=True))
TemperatureSetting = _setting("TemperatureSetting", serializers.FloatField(read_only=True, allow_null=True))
WordsSetting = _setting("WordsSetting", serializers.ListField(child=serializers.CharField(), read_only=True))
CostSetting = _setting(
    "CostSetting",
    serializers.DecimalField(max_digits=18, decimal_places=9, read_only=True, allow_null=True),
)


class MonthlySettings(serializers.Serializer[Any]):
    """Limits of one month; `cost` in US dollars as a decimal string."""

    messages = NumberSetting()
    tokens = NumberSetting()
    cost = CostSetting()


EXAMPLE: Mapping[str, Any] = {
    "model": {"value": "gpt-4o", "origin": "session"},
    "temperature": {"value": 0.7, "origin": "preference"},
    "max_tokens": {"value": 1024, "origin": "system"},
    "system_prompt": {"value": "Answer in two sentences.", "origin": "preference"},
    "enabled_tools": {"value": ["current_time", "calculator"], "origin": "system"},
    "enable_summarization": {"value": True, "origin": "preference"},
    "summarization_threshold": {"value": 4000, "origin": "system"},
    "summary_model": {"value": "gpt-4o-mini", "origin": "preference"},
    "summary_keep_tokens": {"value": 2000, "origin": "system"},
    "limits": {
        "messages": {"value": 100, "origin": "group"},
        "tokens": {"value": None, "origin": "system"},
        "cost": {"value": "2.500000000", "origin": "preference"},
        "month": {
            "messages": {"value": None, "origin": "system"},
            "tokens": {"value": 2_000_000, "origin": "group"},
            "cost": {"value": None, "origin": "system"},
        },
    },
}


class EffectiveConfigurationView(APIView):
    """What the session, the caller's preferences, their groups and the system come to."""

    class Output(serializers.Serializer[Any]):
        """Each value with its origin; null: the provider's default, or no limit."""

        class Limits(serializers.Serializer[Any]):
            """Of the caller's own day, and below `month` of their month; `cost` in US dollars, as text."""

            messages = NumberSetting()
            tokens = NumberSetting()
            cost = CostSetting()
            month = MonthlySettings()

            class Meta:
                ref_name = "EffectiveLimits"

        model = TextSetting()
        temperature = TemperatureSetting()
        max_tokens = NumberSetting()
        system_prompt = TextSetting()
        enabled_tools = WordsSetting()
        enable_summarization = SwitchSetting()
        summarization_threshold = NumberSetting()
        summary_model = TextSetting()
        summary_keep_tokens = NumberSetting()
        limits = Limits()

        class Meta:
            ref_name = "EffectiveConfiguration"

    @extend_schema(
        responses=Output,
        operation_id="sessions_effective_config",
        tags=["sessions"],
        examples=[OpenApiExample("Of four levels", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Read what the next message would run with, unless it wishes for something else itself.

        An empty system prompt is the graph's own, an empty model of summaries that of the answers. A model
        that is shown here may have been taken off the list since; the next message is then refused with
        422 `model_not_allowed`.
        """
        user = user_of(request)
        session = session_get(session_id=session_id, owner_id=user.pk)
        configuration = effective_configuration(session=session, user_id=user.pk, wishes=Wishes())
        shown: dict[str, Any] = {**configuration.settings()}
        limits = limits_in_force(user.pk)
        shown["limits"] = {**vars(limits.day), "month": vars(limits.month)}
        return Response(self.Output(shown).data)
