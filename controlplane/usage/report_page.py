"""The page of the back office that reports usage, and the same as a file."""

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.content import may_see_content
from controlplane.backoffice.exports import MOST_ROWS, stream_csv
from controlplane.usage.report import Asked, cards, named_rows
from controlplane.usage.report_form import GROUPINGS, ReportForm

PERMISSION: Final = "usage.view_tokenusage"
# A year's days; of all other groups, what a page has room for.
MOST_DAYS: Final = 366
MOST_SHOWN: Final = 100
HEADING: Final = (
    "calls",
    "failed_calls",
    "unpriced_calls",
    "prompt_tokens",
    "completion_tokens",
    "total_cost",
)
FIGURES: Final = ("calls", "failed_calls", "unpriced_calls", "tokens_in", "tokens_out", "cost")


def report(request: HttpRequest) -> HttpResponseBase:
    """Show a period's usage by what is asked for, or give it as CSV. Raises PermissionDenied."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = ReportForm.of(request.GET)
    if not form.is_valid():
        return _page(request, form, {})
    if request.GET.get("format") == "csv":
        return _file(request, _asked(request, form, most=MOST_ROWS))
    return _page(request, form, _shown(_asked(request, form, most=_most(form))))


def _most(form: ReportForm) -> int:
    return MOST_DAYS if form.cleaned_data["by"] == "day" else MOST_SHOWN


def _asked(request: HttpRequest, form: ReportForm, *, most: int) -> Asked:
    given = form.cleaned_data
    return Asked(
        period=given["period"],
        by=given["by"],
        owner_id=given["owner_id"],
        most=most,
        may_see_content=may_see_content(request),
    )


def _shown(asked: Asked) -> dict[str, Any]:
    summary = asked.summary()
    return {
        "cards": cards(asked.period, summary.total, asked.days(summary)),
        "rows": list(named_rows(asked, summary.groups)),
        "total": summary.total,
        "is_truncated": summary.is_truncated,
        "most": asked.most,
        "grouping": dict(GROUPINGS)[asked.by],
    }


def _page(request: HttpRequest, form: ReportForm, shown: dict[str, Any]) -> HttpResponseBase:
    context = {**admin.site.each_context(request), "title": _("Usage report"), "form": form, **shown}
    return TemplateResponse(request, "usage/report.html", context)


def _file(request: HttpRequest, asked: Asked) -> HttpResponseBase:
    rows = named_rows(asked, asked.summary().groups)
    cells = ([row["key"], row["name"], *(row[figure] for figure in FIGURES)] for row in rows)
    name = f"usage-by-{asked.by}-{asked.period.first}-{asked.period.last}"
    return stream_csv(request, name=name, heading=[asked.by, "name", *HEADING], rows=cells)
