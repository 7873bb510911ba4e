"""The report of usage for operators: what it shows of sums, as cards, bars and rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from controlplane.accounts.models import CustomUser
from controlplane.backoffice.charts import draw_bars, write_amount
from controlplane.backoffice.figures import Amount, Unit
from controlplane.usage.models import TokenUsage
from controlplane.usage.periods import Period
from controlplane.usage.reading import Calls, Row
from controlplane.usage.selectors import Summary, usage_summary

# A bar for each day as long as one can be told from the next; beyond that, for seven.
MOST_BARS: Final = 62
A_WEEK: Final = 7


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a report is made of; `most` groups at most, with names that are content or without."""

    period: Period
    by: str
    owner_id: UUID | None
    most: int
    may_see_content: bool

    def summary(self) -> Summary:
        """Add it up."""
        return usage_summary(owner_id=self.owner_id, period=self.period, group_by=self.by, most=self.most)

    def days(self, summary: Summary) -> Mapping[date, Row]:
        """Give the sums of each day, which are in the summary when it is by day."""
        calls = Calls(period=self.period, owner_id=self.owner_id)
        rows = summary.groups if self.by == "day" else calls.by("day")
        return {row["day"]: row for row in rows}


def named_rows(asked: Asked, groups: Iterable[Row]) -> Iterator[Row]:
    """Give each group the `name` that people know it by, in one query at most."""
    rows = list(groups)
    addresses = _addresses(row["key"] for row in rows) if asked.by == "user" else {}
    for row in rows:
        yield {**row, "name": _name(asked, row, addresses), "address": addresses.get(row["key"], "")}


def cards(period: Period, total: Row, days: Mapping[date, Row]) -> list[dict[str, Any]]:
    """Describe what the first page's cards show, of this period: cost, tokens and calls."""
    unpriced, failed = total["unpriced_calls"], total["failed_calls"]
    tokens = {day: row["tokens_in"] + row["tokens_out"] for day, row in days.items()}
    costs = {day: row["cost"] or Decimal(0) for day, row in days.items()}
    calls = {day: row["calls"] for day, row in days.items()}
    no_price = _("%s without a price") % f"{unpriced:,}"
    both = {"read": _short(total["tokens_in"]), "written": _short(total["tokens_out"])}
    notes = {
        "cost": no_price if unpriced else "",
        "tokens": _("%(read)s in, %(written)s out") % both,
        "calls": _("%s failed") % f"{failed:,}" if failed else "",
    }
    charts = {
        "cost": {"title": _("Cost"), **_chart(period, costs, Unit.DOLLARS)},
        "tokens": {"title": _("Tokens"), **_chart(period, tokens, Unit.COUNT)},
        "calls": {"title": _("Calls"), **_chart(period, calls, Unit.COUNT)},
    }
    return [{"slug": slug, "note": notes[slug], **chart} for slug, chart in charts.items()]


def _chart(period: Period, by_day: Mapping[date, Amount], unit: Unit) -> dict[str, Any]:
    spans = _spans(period)
    amounts: list[Amount] = [sum(by_day.get(day, 0) for day in _days(*span)) for span in spans]
    highest, end = max(amounts), "j M" if period.days <= MOST_BARS else "M Y"
    return {
        "total": write_amount(sum(amounts), unit),
        "bars": draw_bars(amounts, [_written(*span) for span in spans], unit),
        "is_by_week": period.days > MOST_BARS,
        "highest": write_amount(highest, unit) if highest else "",
        "first": date_format(period.first, end),
        "last": date_format(period.last, end),
    }


def _spans(period: Period) -> list[tuple[date, date]]:
    length = 1 if period.days <= MOST_BARS else A_WEEK
    firsts = [period.first + timedelta(days=number) for number in range(0, period.days, length)]
    return [(first, min(first + timedelta(days=length - 1), period.last)) for first in firsts]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _written(first: date, last: date) -> str:
    if first == last:
        return date_format(first, "D j M")
    return f"{date_format(first, 'j M')} - {date_format(last, 'j M')}"


def _short(count: int) -> str:
    return write_amount(count, Unit.COUNT)


def _addresses(keys: Iterable[UUID | None]) -> dict[UUID | None, str]:
    ids = [key for key in keys if key is not None]
    return dict(CustomUser.objects.filter(pk__in=ids).values_list("pk", "email"))


def _name(asked: Asked, row: Row, addresses: Mapping[UUID | None, str]) -> str:
    key = row["key"]
    match asked.by:
        case "user":
            return addresses.get(key) or _("deleted accounts")
        case "session" if key is None:
            return _("no session, or a deleted one")
        case "session":
            return (row["chat_session__title"] if asked.may_see_content else "") or str(key)
        case "payer":
            return _("the house") if key else _("users' own keys")
        case "request_type":
            return str(TokenUsage.RequestType(key).label)
    return str(key)
