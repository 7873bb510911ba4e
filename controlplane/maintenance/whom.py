"""Finds the user whom a command's caller names."""

from contextlib import suppress
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from controlplane.accounts.models import CustomUser


def find_user(named: str) -> UUID:
    """Find a user by id or e-mail address. Raises CommandError."""
    wanted = Q(email__iexact=named)
    # What is no id can only be an address.
    with suppress(ValueError):
        wanted |= Q(pk=UUID(named))
    user = CustomUser.objects.filter(wanted).first()
    if user is None:
        raise CommandError(f"There is no user {named}.")
    return user.pk
