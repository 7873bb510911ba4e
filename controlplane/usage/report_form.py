"""Which report of usage an operator asks for: days, grouping and, if so, one user."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (  # type: ignore[import-untyped]  # ships no types
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from controlplane.accounts.models import CustomUser
from controlplane.usage.days import current_day
from controlplane.usage.periods import EARLIEST, LATEST, Period

LONGEST: Final = 366
USUAL: Final = 30
# Of all users' sessions the ledger alone knows, and has many calls.
LONGEST_BY_SESSION: Final = 31
GROUPINGS: Final = (
    ("day", _("Day")),
    ("model", _("Model")),
    ("request_type", _("Purpose")),
    ("user", _("User")),
    ("session", _("Session")),
    ("payer", _("Who paid")),
)


class DayField(forms.DateField):
    """A day that every calendar here can hold, picked in the browser's own way."""

    def __init__(self, **given: Any) -> None:
        attrs = {"type": "date", "class": " ".join(INPUT_CLASSES), "min": str(EARLIEST), "max": str(LATEST)}
        widget = forms.DateInput(format="%Y-%m-%d", attrs=attrs)
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **given)

    def clean(self, value: Any) -> Any:
        """Refuse days too far away. Raises ValidationError."""
        day = super().clean(value)
        if not EARLIEST <= day <= LATEST:
            raise ValidationError(_("Between %(first)s and %(last)s.") % {"first": EARLIEST, "last": LATEST})
        return day


class ReportForm(forms.Form):
    """Cleans to `period`, `by` and `owner_id`, which is None for all users."""

    first = DayField(label=_("From"))
    last = DayField(label=_("To, included"))
    by = forms.ChoiceField(label=_("By"), choices=GROUPINGS, widget=UnfoldAdminSelectWidget)
    user = forms.CharField(
        label=_("User, empty: all"),
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": _("E-mail address or id")}),
    )

    @classmethod
    def of(cls, asked: QueryDict) -> "ReportForm":
        """Take what was asked for, and the last 30 days by day for what was not."""
        today = current_day().day
        usual = {"first": str(today - timedelta(days=USUAL - 1)), "last": str(today), "by": "day"}
        return cls({**usual, **{name: text for name, text in asked.items() if text}})

    def clean_user(self) -> UUID | None:
        """Find the user by the whole address or id. Raises ValidationError."""
        text: str = self.cleaned_data["user"]
        if not text:
            return None
        found = CustomUser.objects.filter(_id_or_address(text)).values_list("pk", flat=True).first()
        if found is None:
            raise ValidationError(_("There is no such user."))
        return found

    def clean(self) -> dict[str, Any]:
        """Find the period. Raises ValidationError for one that is too long or ends before it begins."""
        given = super().clean() or {}
        if self.errors:
            return given
        period = Period(first=given["first"], last=given["last"])
        if period.days < 1:
            self.add_error("last", _("Not before the first day."))
        elif period.days > LONGEST:
            self.add_error("first", _("At most %d days.") % LONGEST)
        elif given["by"] == "session" and given["user"] is None and period.days > LONGEST_BY_SESSION:
            self.add_error("by", _("At most %d days by session, or one user's.") % LONGEST_BY_SESSION)
        return {**given, "period": period, "owner_id": given["user"]}


def _id_or_address(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return Q(email__iexact=text)
