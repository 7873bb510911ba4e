"""A user's own usage, added up by day, model, session, purpose or who paid."""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.preferences.zones import zone_of
from controlplane.usage.days import current_day
from controlplane.usage.periods import Period
from controlplane.usage.selectors import GROUPS, usage_summary
from controlplane.usage.views.days import day_field

LONGEST_PERIOD = 366
USUAL_PERIOD = 30
SUMS = {
    "calls": 12,
    "failed_calls": 0,
    "unpriced_calls": 0,
    "prompt_tokens": 1800,
    "completion_tokens": 900,
    "total_tokens": 2700,
    "total_cost": "0.013500000",
}
EXAMPLE = OpenApiExample(
    "By day",
    value={
        "group_by": "day",
        "from": "2026-03-01",
        "to": "2026-03-30",
        "results": [{"key": "2026-03-01", "label": "2026-03-01", **SUMS}],
        "total": SUMS,
        "is_truncated": False,
    },
    response_only=True,
)


class SumsSerializer(serializers.Serializer[dict[str, Any]]):
    """Settled calls added up. Costs are US dollars, null when no call had a price."""

    calls = serializers.IntegerField()
    failed_calls = serializers.IntegerField()
    unpriced_calls = serializers.IntegerField(help_text="Calls without a known price; no cost has them.")
    prompt_tokens = serializers.IntegerField(source="tokens_in")
    completion_tokens = serializers.IntegerField(source="tokens_out")
    total_tokens = serializers.SerializerMethodField()
    total_cost = serializers.DecimalField(source="cost", max_digits=None, decimal_places=9, allow_null=True)

    class Meta:
        ref_name = "UsageSums"

    def get_total_tokens(self, sums: dict[str, Any]) -> int:
        """Add both directions."""
        return int(sums["tokens_in"] + sums["tokens_out"])


class GroupSerializer(SumsSerializer):
    """One group and its sums."""

    key = serializers.SerializerMethodField(
        help_text=(
            "The day, model, session id, purpose, `house` or `own_key`, or id of the caller's own key; null "
            "for calls of no session, or of a deleted one, and for those on the house's key."
        )
    )
    label = serializers.SerializerMethodField(  # type: ignore[assignment]  # a field of that name
        help_text="The same for people: of a session its title, of a key its name."
    )

    class Meta:
        ref_name = "UsageGroup"

    def get_key(self, group: dict[str, Any]) -> str | None:
        """Give the key as text."""
        if isinstance(group["key"], bool):
            return "house" if group["key"] else "own_key"
        return None if group["key"] is None else str(group["key"])

    def get_label(self, group: dict[str, Any]) -> str:
        """Give a session's title or a key's name, else the key."""
        named = group.get("chat_session__title") or group.get("provider_key__key_name")
        return str(named or self.get_key(group) or "")


class UsageSummaryView(APIView):
    """The caller's usage of a period, added up."""

    class Filters(serializers.Serializer[dict[str, Any]]):
        """What is added up; without days, the last thirty."""

        group_by = serializers.ChoiceField(choices=list(GROUPS), default="day")

        class Meta:
            ref_name = "UsageSummaryFilter"

        def get_fields(self) -> dict[str, Any]:
            """Add the days."""
            days = {
                "from": day_field("First day; without it, 29 days before the last."),
                "to": day_field("Last day, included; without it, today."),
            }
            return {**super().get_fields(), **days}

        def validate(self, given: dict[str, Any]) -> dict[str, Any]:
            """Find the period. Raises ValidationError for one that is too long or ends before it begins."""
            zone = self.context["zone"]
            last: date = given.get("to") or current_day(zone).day
            first: date = given.get("from") or last - timedelta(days=USUAL_PERIOD - 1)
            period = Period(first=first, last=last, zone=zone)
            if period.days < 1:
                raise serializers.ValidationError({"to": [_("Not before the first day.")]})
            if period.days > LONGEST_PERIOD:
                raise serializers.ValidationError({"from": [_("At most %d days.") % LONGEST_PERIOD]})
            return {"group_by": given["group_by"], "period": period}

    class Output(serializers.Serializer[dict[str, Any]]):
        """At most 366 groups: days in order, all others with the dearest first."""

        group_by = serializers.CharField()
        results = GroupSerializer(many=True)
        total = SumsSerializer()
        is_truncated = serializers.BooleanField(
            help_text="Whether there are more groups; the total has them all."
        )

        class Meta:
            ref_name = "UsageSummary"

        def get_fields(self) -> dict[str, Any]:
            """Add the days."""
            days = {"from": serializers.DateField(), "to": serializers.DateField()}
            return {**super().get_fields(), **days}

    @extend_schema(
        parameters=[Filters],
        responses=Output,
        operation_id="usage_summary",
        tags=["usage"],
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Add up the settled calls of at most 366 days, by the days of the caller's own time zone."""
        caller = user_of(request)
        given = self.Filters(data=request.query_params.dict(), context={"zone": zone_of(caller)})
        given.is_valid(raise_exception=True)
        period: Period = given.validated_data["period"]
        group_by: str = given.validated_data["group_by"]
        summary = usage_summary(owner_id=caller.pk, period=period, group_by=group_by)
        answer = {
            "group_by": group_by,
            "from": period.first,
            "to": period.last,
            "results": summary.groups,
            "total": summary.total,
            "is_truncated": summary.is_truncated,
        }
        return Response(self.Output(answer).data)
