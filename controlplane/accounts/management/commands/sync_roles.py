"""Gives the roles of the back office their permissions; every deployment runs it after `migrate`."""

from typing import Any

from django.core.management.base import BaseCommand

from controlplane.accounts.roles import roles_sync


class Command(BaseCommand):
    """Repeats harmlessly."""

    help = "Give the roles support, analyst and admin their permissions. Run it after migrate."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Say how many permissions each role has."""
        said = ", ".join(f"{role} {count}" for role, count in roles_sync().items())
        self.stdout.write(f"Roles have their permissions: {said}.")
