"""How a report's table writes numbers: in full, so that a column can be compared at a glance."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def money(cost: Decimal | None) -> str:
    """Write US dollars to a hundredth of a cent, or that no price is known."""
    return _("no price") if cost is None else f"${cost:,.4f}"


@register.filter
def grouped(count: int) -> str:
    """Write a count with its thousands apart."""
    return f"{count:,}"
