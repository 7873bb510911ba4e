"""Which time zones and languages a user may choose."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def known_time_zones() -> frozenset[str]:
    """Give the IANA names that this installation knows; reading them from disk takes a while."""
    return frozenset(available_timezones())


def require_time_zone(name: str) -> None:
    """Refuse what is no IANA time zone. Raises ValidationError."""
    if name not in known_time_zones():
        raise ValidationError(_("No such time zone. Use an IANA name, as in Europe/Berlin."), code="unknown")


def require_language(code: str) -> None:
    """Refuse a language that the product does not speak. Raises ValidationError."""
    if code not in dict(settings.LANGUAGES):
        raise ValidationError(_("No such language. Use a code as in en or pt-br."), code="unknown")
