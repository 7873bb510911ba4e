"""Where a user stands with the limits of the present day and month."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.usage.standing import Standings, limits_standing


def _example(ends_at: str, **changes: Any) -> dict[str, Any]:
    unlimited = {"limit": None, "granted": 0, "reserved": 0, "remaining": None, "resets_at": ends_at}
    dollars = {"granted": "0.000000000", "used": "0.003375000", "reserved": "0.010540000"}
    return {
        "messages": {**unlimited, "used": 3},
        "tokens": {**unlimited, "used": 675, "reserved": 1144},
        "cost": {**unlimited, **dollars},
        **changes,
    }


TOMORROW, NEXT_MONTH = "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"
HUNDRED = {"limit": 100, "granted": 0, "used": 3, "reserved": 0, "remaining": 97, "resets_at": TOMORROW}
EXAMPLE = OpenApiExample(
    "Messages of a day are limited",
    value={
        "day": "2026-03-01",
        **_example(TOMORROW, messages=HUNDRED),
        "month": {"starts_on": "2026-03-01", **_example(NEXT_MONTH)},
    },
    response_only=True,
)


class CountSerializer(serializers.Serializer[dict[str, Any]]):
    """A limit that counts; `limit` and `remaining` are null where there is none."""

    limit = serializers.IntegerField(allow_null=True, help_text="What was granted included.")
    granted = serializers.IntegerField(help_text="Added by an administrator for this day or month alone.")
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Set aside for calls that are being made.")
    remaining = serializers.IntegerField(allow_null=True)
    resets_at = serializers.DateTimeField()

    class Meta:
        ref_name = "CountLimit"


class MoneySerializer(serializers.Serializer[dict[str, Any]]):
    """A limit in US dollars; `limit` and `remaining` are null where there is none."""

    limit = serializers.DecimalField(
        max_digits=None, decimal_places=9, allow_null=True, help_text="What was granted included."
    )
    granted = serializers.DecimalField(
        max_digits=None, decimal_places=9, help_text="Added by an administrator for this day or month alone."
    )
    used = serializers.DecimalField(max_digits=None, decimal_places=9)
    reserved = serializers.DecimalField(max_digits=None, decimal_places=9)
    remaining = serializers.DecimalField(max_digits=None, decimal_places=9, allow_null=True)
    resets_at = serializers.DateTimeField()

    class Meta:
        ref_name = "MoneyLimit"


class MonthSerializer(serializers.Serializer[dict[str, Any]]):
    """Each limit of a month and how far it is used."""

    starts_on = serializers.DateField()
    messages = CountSerializer()
    tokens = CountSerializer()
    cost = MoneySerializer()

    class Meta:
        ref_name = "MonthLimits"


class LimitsView(APIView):
    """The caller's limits of the present day and month."""

    class Output(serializers.Serializer[Standings]):
        """Each limit of the day, and of the month, and how far it is used."""

        day = serializers.DateField(source="day.starts_on")
        messages = CountSerializer(source="day.messages")
        tokens = CountSerializer(source="day.tokens")
        cost = MoneySerializer(source="day.cost")
        month = MonthSerializer()

        class Meta:
            ref_name = "Limits"

    @extend_schema(responses=Output, operation_id="usage_limits", tags=["usage"], examples=[EXAMPLE])
    def get(self, request: Request) -> Response:
        """Say how far each limit is used, and when it is reset, in the caller's own days and months."""
        return Response(self.Output(limits_standing(user_of(request))).data)
