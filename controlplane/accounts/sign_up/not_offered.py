"""Closes the addresses of what django-allauth has and the product does not: they would fail half-way."""

from typing import NoReturn

from django.http import Http404, HttpRequest


def not_offered(request: HttpRequest) -> NoReturn:
    """Answer that there is nothing here, whatever is asked and by whom."""
    raise Http404(request.path)
